"""Pictures to learn from: one record, `ImageSet`, and a registry of where to get them."""

from explorer.data.bundled import PHOTOS, photo
from explorer.data.images import ImageSet, from_tensor, resize, to_tensor
from explorer.data.sources import DATASETS, DataError, DataSource, load

__all__ = [
    "DATASETS",
    "PHOTOS",
    "DataError",
    "DataSource",
    "ImageSet",
    "from_tensor",
    "load",
    "photo",
    "resize",
    "to_tensor",
]
