"""Pictures that people bring: whatever the file holds, an RGB picture or one clear sentence."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from explorer.data.colours import to_srgb, without_profile

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 24_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""No others: some of Pillow's readers start programs or fail in their own ways. AVIF comes with
Pillow 11.3, HEIF with pillow-heif."""
CALLED = {"WEBP": "WebP", "HEIF": "HEIC"}
"""Format -> its name where people know another."""
HEIC = (".heic", ".heif", ".hif")
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Of ISO/IEC 23008-12: what the first box of a HEIC file says it is; AVIF may say the last two."""
MARGIN = 128
"""Mid grey, 0 in [−1, 1]: the mean of what networks see, so that margins cost them least."""
SMALL = 1024
"""JPEGs are decoded at about this side."""


DARK = 0.1
"""Share of a 16-bit range that is used, below which an image shows almost no contrast."""
USED = "range used"
"""In `info` of a picture: what share it uses of 16 bits, where that is less than `DARK`."""


class PictureError(ValueError):
    """A file is not a picture that can be read; the message says why and what to do."""

    def __init__(self, message: str, kind: str = "missing") -> None:
        super().__init__(message)
        self.kind = kind
        """One word: missing, empty, large, pixels, closed, unknown, heic or damaged."""


def read_picture(
    source: str | Path | bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    side: int = SMALL,
) -> Image.Image:
    """The picture in a file: RGB, upright, transparency on white, the first frame if animated.

    Colours are sRGB's: an embedded profile is applied, see `to_srgb`.

    source : the file's path, or what is in it.
    side : JPEGs are decoded at a fraction of their size, no smaller than this; therefore they may
        have four times `max_pixels`.

    16-bit and floating point pictures are scaled to 8 bits; what uses little of 16 is told by
    `dark_scan`. PictureError for anything that is
    empty, too large, cut short or no picture at all.
    """
    _check_bytes(source, max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return _decoded(source, max_pixels, side)
            except Exception:  # for a profile that is broken Pillow refuses the whole image
                without = without_profile(source)
                if without is None:
                    raise
            return _decoded(without, max_pixels, side)
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(
            "This image has too many pixels. Please save a smaller version first.", "pixels"
        ) from error
    except UnidentifiedImageError as error:
        if is_heic(source):
            raise PictureError(
                "This image is HEIC: save it as JPEG first and choose that one.", "heic"
            ) from error
        raise PictureError(
            f"This file is not an image that can be read. {formats_named()} work.", "unknown"
        ) from error
    except PermissionError as error:
        raise PictureError(
            "This file cannot be opened; please change its permissions or choose another.",
            "closed",
        ) from error
    except Exception as error:  # decoders raise anything when a file is damaged
        raise PictureError(
            "This image is damaged or incomplete and cannot be read. Please save or download it "
            "again.",
            "damaged",
        ) from error


def _decoded(source: str | Path | bytes, max_pixels: int, side: int) -> Image.Image:
    """The picture; whatever Pillow raises, and PictureError for too many pixels."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(file, formats=readable_formats()) as picture:
        _check_pixels(picture, max_pixels)
        picture.draft("RGB", (side, side))  # JPEG only: decode fewer pixels
        deep = any(";16" in str(tile.args) for tile in picture.tile)
        picture.load()
        made = _to_rgb(to_srgb(_of_8_bits(ImageOps.exif_transpose(picture))))
        if deep and picture.mode in ("RGB", "RGBA", "LA"):  # Pillow kept the upper 8 bits
            _note_range(made, *_range(made), 255)
        return made


@cache
def readable_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that can be read here."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener  # an extra: phones' photos

        register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def formats_named() -> str:
    """ "JPEG, PNG, … and AVIF": what can be read here."""
    *most, last = (CALLED.get(name, name) for name in readable_formats())
    return f"{', '.join(most)} and {last}"


def is_heic(source: str | Path | bytes) -> bool:
    """Whether a file is HEIC by its first bytes, or calls itself so."""
    if isinstance(source, bytes):
        head = source[:64]
    else:
        if Path(source).suffix.lower() in HEIC:
            return True
        with Path(source).open("rb") as file:
            head = file.read(64)
    if head[4:8] != b"ftyp":
        return False
    box = head[8 : min(64, int.from_bytes(head[:4], "big"))]
    brands = [box[i : i + 4] for i in range(0, len(box), 4)]
    return b"avif" not in brands and any(brand in BRANDS for brand in brands)


def dark_scan(picture: Image.Image) -> str:
    """What is said of a picture of `read_picture` that uses little of its 16 bits; else ""."""
    used = picture.info.get(USED)
    if used is None:
        return ""
    return (
        f"This image uses only {used:.1%} of its 16-bit range, so that it shows almost no "
        "contrast. Please scale its values to 0…65,535 and save it again."
    )


def square(picture: Image.Image, size: int, fit: str = "crop") -> Image.Image:
    """An RGB picture as size × size pixels: its middle, or with fit = "pad" all of it, with
    margins in `MARGIN` at both sides of what is shorter."""
    if fit == "crop":
        return ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    whole = Image.new("RGB", (size, size), (MARGIN,) * 3)
    small = picture.resize((width, height), Image.Resampling.LANCZOS)
    whole.paste(small, ((size - width) // 2, (size - height) // 2))
    return whole


def _check_bytes(source: str | Path | bytes, max_bytes: int) -> None:
    try:
        size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    except OSError as error:
        raise PictureError(
            "The image did not arrive; please choose it again.", "missing"
        ) from error
    if size == 0:
        raise PictureError("This file is empty (0 bytes); please choose another.", "empty")
    if size > max_bytes:
        raise PictureError(
            f"This file has {size / 2**20:.0f} MB; at most {max_bytes / 2**20:.0f} MB are "
            "accepted. "
            "Please save a smaller version first.",
            "large",
        )


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    allowed = max_pixels * (4 if picture.format in ("JPEG", "MPO") else 1)
    if width * height > allowed:
        raise PictureError(
            f"This image has {width} × {height} = {width * height / 1e6:.0f} megapixels; "
            f"at most {allowed / 1e6:.0f} are accepted as {picture.format}. "
            "Please save a smaller version first.",
            "pixels",
        )


def _of_8_bits(picture: Image.Image) -> Image.Image:
    """The picture, or what it is in 8 bits where it has more; its profile stays with it."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return picture
    sixteen = picture.mode.startswith("I;16")
    made = _to_8_bits(np.asarray(picture), sixteen=sixteen)
    if sixteen and (profile := picture.info.get("icc_profile")):
        made.info["icc_profile"] = profile
    return made


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white
    return picture.convert("RGB")


def _range(picture: Image.Image) -> tuple[float, float]:
    """The least and the greatest value of any colour."""
    values = np.asarray(picture)
    return float(values.min()), float(values.max())


def _note_range(picture: Image.Image, low: float, high: float, largest: int) -> None:
    """Note in `info` what share of the range a picture uses, if that is little."""
    if (high - low) / largest < DARK:
        picture.info[USED] = (high - low) / largest


def _to_8_bits(values: np.ndarray, *, sixteen: bool) -> Image.Image:
    """Integers of up to 16 bits by their range; other numbers from least to greatest.

    sixteen : whether they are of 16 bits, also where none is above 255.

    Row by row: all of it in float64 would be eight times as large as the picture.
    """
    least = low = min(float(_finite(row).min()) for row in values)
    most = high = max(float(_finite(row).max()) for row in values)
    whole = np.issubdtype(values.dtype, np.integer) and low >= 0 and high <= 65535
    if whole:
        sixteen |= high > 255
        low, high = 0.0, 65535.0 if sixteen else 255.0
    scale, scaled = 255 / max(high - low, 1e-12), np.empty(values.shape, np.uint8)
    for row, place in zip(values, scaled, strict=True):
        place[:] = ((_finite(row) - low) * scale).round()
    made = Image.fromarray(scaled)
    if whole and sixteen:
        _note_range(made, least, most, 65535)
    return made


def _finite(row: np.ndarray) -> np.ndarray:
    return np.nan_to_num(row.astype(np.float64))
