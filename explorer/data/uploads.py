"""Pictures that people bring: whatever the file holds, an RGB picture or one clear sentence."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 24_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""No others: some of Pillow's readers start programs or fail in their own ways."""
MARGIN = 128
"""Mid grey, 0 in [−1, 1]: the mean of what networks see, so that margins cost them least."""
SMALL = 1024
"""JPEGs are decoded at about this side."""


class PictureError(ValueError):
    """A file is not a picture that can be read; the message says why and what to do."""

    def __init__(self, message: str, kind: str = "missing") -> None:
        super().__init__(message)
        self.kind = kind
        """One word: missing, empty, large, pixels, closed, unknown or damaged."""


def read_picture(
    source: str | Path | bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    side: int = SMALL,
) -> Image.Image:
    """The picture in a file: RGB, upright, transparency on white, the first frame if animated.

    source : the file's path, or what is in it.
    side : JPEGs are decoded at a fraction of their size, no smaller than this; therefore they may
        have four times `max_pixels`.

    16-bit and floating point pictures are scaled to 8 bits. PictureError for anything that is
    empty, too large, cut short or no picture at all.
    """
    _check_bytes(source, max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()
            formats = [name for name in FORMATS if name in Image.OPEN]  # AVIF since Pillow 11.3
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(file, formats=formats) as picture:
                _check_pixels(picture, max_pixels)
                picture.draft("RGB", (side, side))  # JPEG only: decode fewer pixels
                picture.load()
                return _to_rgb(ImageOps.exif_transpose(picture))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(
            "This picture unpacks to too many pixels. Please save it smaller first.", "pixels"
        ) from error
    except UnidentifiedImageError as error:
        raise PictureError(
            "This file is not a picture that can be read. JPEG, PNG, WebP, GIF, BMP and TIFF "
            "work.",
            "unknown",
        ) from error
    except PermissionError as error:
        raise PictureError(
            "This file may not be opened; please change its permissions or choose another.",
            "closed",
        ) from error
    except Exception as error:  # decoders raise anything when a file is damaged
        raise PictureError(
            "This picture is damaged or cut short and cannot be read. Please save or download it "
            "again.",
            "damaged",
        ) from error


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
            "The picture did not arrive; please choose it again.", "missing"
        ) from error
    if size == 0:
        raise PictureError("This file is empty (0 bytes); please choose another.", "empty")
    if size > max_bytes:
        raise PictureError(
            f"This file has {size / 2**20:.0f} MB; at most {max_bytes / 2**20:.0f} MB are read. "
            "Please save it smaller first.",
            "large",
        )


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    allowed = max_pixels * (4 if picture.format in ("JPEG", "MPO") else 1)
    if width * height > allowed:
        raise PictureError(
            f"This picture has {width} × {height} = {width * height / 1e6:.0f} megapixels; "
            f"at most {allowed / 1e6:.0f} are read from {picture.format}. "
            "Please save it smaller first.",
            "pixels",
        )


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(picture))).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        picture = white
    return picture.convert("RGB")


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    """Integers of up to 16 bits by their range; other numbers from least to greatest.

    Row by row: all of it in float64 would be eight times as large as the picture.
    """
    low = min(float(_finite(row).min()) for row in values)
    high = max(float(_finite(row).max()) for row in values)
    if np.issubdtype(values.dtype, np.integer) and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0 if high > 255 else 255.0
    scale, scaled = 255 / max(high - low, 1e-12), np.empty(values.shape, np.uint8)
    for row, place in zip(values, scaled, strict=True):
        place[:] = ((_finite(row) - low) * scale).round()
    return scaled


def _finite(row: np.ndarray) -> np.ndarray:
    return np.nan_to_num(row.astype(np.float64))
