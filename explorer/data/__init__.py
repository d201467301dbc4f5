"""Pictures to learn from: one record, `ImageSet`, and a registry of where to get them."""

from explorer.data.bundled import PHOTOS, photo
from explorer.data.images import ImageSet, from_tensor, resize, to_tensor
from explorer.data.sources import DATASETS, DataError, DataSource, load
from explorer.data.uploads import PictureError, read_picture, square

__all__ = [
    "DATASETS",
    "PHOTOS",
    "DataError",
    "DataSource",
    "ImageSet",
    "PictureError",
    "from_tensor",
    "load",
    "photo",
    "read_picture",
    "resize",
    "square",
    "to_tensor",
]
