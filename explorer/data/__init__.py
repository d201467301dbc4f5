"""Pictures to learn from: one record, `ImageSet`, and a registry of where to get them."""

from explorer.data.bundled import BUNDLED, PHOTOS, photo
from explorer.data.chosen import Chosen, choose
from explorer.data.images import ImageSet, from_tensor, resize, to_tensor
from explorer.data.limits import HOSTED, LOCAL, OwnLimits
from explorer.data.nearest import Nearest, nearest
from explorer.data.own import read_own
from explorer.data.progress import DataError, Loading
from explorer.data.sources import DATASETS, DataSource, load, loading
from explorer.data.uploads import PictureError, dark_scan, read_picture, square

__all__ = [
    "BUNDLED",
    "DATASETS",
    "HOSTED",
    "LOCAL",
    "PHOTOS",
    "Chosen",
    "DataError",
    "DataSource",
    "ImageSet",
    "Loading",
    "Nearest",
    "OwnLimits",
    "PictureError",
    "choose",
    "dark_scan",
    "from_tensor",
    "load",
    "loading",
    "nearest",
    "photo",
    "read_own",
    "read_picture",
    "resize",
    "square",
    "to_tensor",
]
