"""How much one visitor may send, and how much all may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from gradio.components.image import ImageData
from PIL import Image

from explorer.gui.frame import upload as module
from explorer.gui.frame.limits import HOSTED, LOCAL
from explorer.gui.frame.room import filling
from explorer.gui.frame.shared import message
from explorer.gui.frame.upload import Uploads, bring_upload, is_framed, take_upload, upload_box

MB = 10**6


def test_a_visitor_may_send_so_much_within_two_hours(tmp_path: Path) -> None:
    uploads = Uploads(HOSTED, tmp_path)
    assert uploads.refusal("one", 200 * MB, now=0) is None
    refused = uploads.refusal("one", 60 * MB, now=10)
    assert (
        refused and "60 MB is too large: 200 MB of the 256 MB" in refused and "2 hours" in refused
    )
    assert uploads.refusal("one", 50 * MB, now=10) is None  # what was refused is not counted
    assert uploads.refusal("two", 200 * MB, now=10) is None
    assert uploads.refusal("one", 200 * MB, now=HOSTED.temporary_keep + 5) is None
    assert uploads.refusal("one", 10 * MB, now=HOSTED.temporary_keep + 5)  # 50 are left from 10


def test_a_size_that_is_not_told_counts_as_the_largest_file(tmp_path: Path) -> None:
    uploads = Uploads(HOSTED, tmp_path)
    times = int(HOSTED.sent_bytes // HOSTED.zip_bytes)
    assert [uploads.refusal("one", None, now=0) for _ in range(times)] == [None] * times
    assert uploads.refusal("one", None, now=0)


def test_all_together_have_a_bound(tmp_path: Path) -> None:
    uploads = Uploads(replace(HOSTED, temporary_bytes=3 * MB), tmp_path)
    assert uploads.refusal("one", 2 * MB) is None
    assert "2 MB does not fit: the 3 MB" in (uploads.refusal("two", 2 * MB) or "")
    filling(tmp_path).look_again()  # nothing has arrived
    assert uploads.refusal("two", 2 * MB) is None


def test_the_disk_is_asked_and_at_home_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(LOCAL, tmp_path)
    assert [uploads.refusal("owner", 2000 * MB, now=0) for _ in range(9)] == [None] * 9
    assert "the disk has" in (uploads.refusal("owner", 10**18, now=0) or "")


def test_made_up_senders_take_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SENDERS", 3)
    uploads = Uploads(HOSTED, tmp_path)
    for i in range(10):
        assert uploads.refusal(str(i), MB, now=i) is None
    assert list(uploads._sent) == ["7", "8", "9"]


def test_of_a_picture_only_the_square_that_is_shown_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of uploads; what lies elsewhere is not ours to change."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    for folder, kept in ((tmp_path / "uploads" / "hash", (256, 256)), (tmp_path, (900, 600))):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "mine.png"
        Image.effect_noise((900, 600), 80).save(path)
        shown = take_upload(str(path), HOSTED)
        with Image.open(path) as left:
            assert left.size == kept and shown.size == (256, 256)
        assert take_upload(str(path), HOSTED).tobytes() == shown.tobytes()  # as often as asked


@pytest.mark.parametrize(
    ("kind", "framed"),
    [("PNG", False), ("JPEG", False), ("GIF", False), ("WEBP", False), ("BMP", False)]
    + [("TIFF", True)]
    + ([("AVIF", True)] if "AVIF" in Image.SAVE else []),
)
def test_what_browsers_do_not_show_is_framed_as_its_square(
    kind: str, framed: bool, tmp_path: Path
) -> None:
    """By what is in the file, whatever it is called."""
    box, path = upload_box(), tmp_path / "mine.png"
    Image.new("RGB", (300, 200), (200, 30, 40)).save(path, kind)
    picture, also = bring_upload(box, message(), str(path), LOCAL)
    assert bool(also) == framed
    for shown in also.values():
        assert is_framed(shown) and not is_framed(str(path))
        with Image.open(shown) as left:
            assert left.format == "PNG" and left.tobytes() == picture.tobytes()


@pytest.mark.parametrize("data", [b"\0\0\0\x1cftypheic", b"", b"\xff\xd8\xff" + bytes(40)])
def test_a_box_does_not_go_on_to_show_what_was_refused(data: bytes, tmp_path: Path) -> None:
    """HEIC, nothing, a JPEG that has only begun: browsers would show a broken image."""
    box, said, path = upload_box(), message(), tmp_path / "phone.jpg"
    path.write_bytes(data)
    picture, also = bring_upload(box, said, str(path), LOCAL)
    assert picture is None and also.keys() == {box, said} and also[box] is None
    assert also[said].endswith((".", "&#46;"))


def test_a_box_hands_over_files_that_gradio_cannot_read() -> None:
    """Also the instance that stands in for one whose value was changed."""
    data = ImageData(path="/somewhere/phone.heic", orig_name="phone.heic")
    for box in (upload_box(), gr.Image(type="filepath")):
        assert box.preprocess(data) == "/somewhere/phone.heic" and box.preprocess(None) is None
