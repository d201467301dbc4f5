"""What happens with a picture that a visitor brings: made from the limits that the code keeps."""

from __future__ import annotations

import math

from explorer.gui.answers.answer import Answered
from explorer.gui.frame.limits import Limits
from explorer.gui.frame.spoken import exactly

PHOTO = "What happens with my photo?"
IMAGES = "What happens with my images?"


def photo_answer(limits: Limits) -> Answered:
    """Of a single picture, in Forward and in the round trip: see `frame.upload`, `frame.sweep`."""
    side = limits.resolution[1]
    said = [
        f"**It goes to {_where(limits)}, and nowhere else.** No other site is asked for anything, "
        "no network is trained on it, and no link holds it.",
        f"A file of up to {size(limits.upload_bytes)} is taken. It is decoded there and cut to "
        f"its middle square, which is shrunk to {side}×{side} pixels. That square then replaces "
        f"the file, with all that it said of place and camera (a file that is {side}×{side} "
        "already stays as it is).",
        f"**The uploaded file is deleted after {exactly(limits.temporary_keep)}**"
        + (
            f", earlier if all visitors' uploads fill {size(limits.temporary_bytes)}"
            if limits.hosted
            else ""
        )
        + f". What your browser fetched to show it goes {exactly(2 * limits.shown_keep)} after "
        f"the page is closed at the latest, and the server's memory of the page after "
        f"{exactly(limits.page_keep)}. A sweep runs once a minute.",
    ]
    if limits.hosted:
        said.append(
            "Other visitors cannot list your files, but the people who run the server can read "
            "them while they are there. To keep a photo on your own computer, "
            "run the app at home: `python app.py`."
        )
    return Answered(PHOTO, "\n\n".join(said))


def images_answer(limits: Limits, runs: str = "checkpoints/runs") -> Answered:
    """Of the images that a visitor trains on: see `train.own_pictures`, `frame.room`.

    runs : the folder of runs, as it is called at home.
    """
    side = max(64, limits.sizes[1])
    kept = (
        f"They, and the models that you train, are deleted {exactly(limits.keep)} after they "
        f"were last written; you have {size(limits.visitor_bytes)} here in all."
        if math.isfinite(limits.keep)
        else f"They stay in `{runs}/your-images.cache`, and the models beside it, until "
        "you delete them."
    )
    said = [
        f"**They go to {_where(limits)}, and nowhere else.** At most {limits.own.entries:,} "
        f"files are read, decoded and stored as squares of at most {side}×{side} pixels, "
        f"without names or camera data. {kept}",
        f"The files as you sent them are deleted after {exactly(limits.temporary_keep)}.",
        "A model that is trained for long on few images can memorise them: anyone who gets the "
        "model can then draw them. [Memorised or new?](@train-neighbours) shows how near its "
        "samples come.",
    ]
    return Answered(IMAGES, "\n\n".join(said))


def _where(limits: Limits) -> str:
    return "the server that runs this page" if limits.hosted else "the app on this computer"


def size(bytes: float) -> str:
    """ "12 MB": binary where the limit is a round binary number."""
    for unit, name in ((2**30, "GB"), (2**20, "MB")):
        if bytes >= unit and bytes % unit == 0:
            return f"{bytes / unit:g} {name}"
    return f"{bytes / 1e9:g} GB" if bytes >= 1e9 else f"{bytes / 1e6:g} MB"
