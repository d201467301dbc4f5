"""What is stored is made by scripts that are here, with the models that are shipped."""

from __future__ import annotations

import pytest

from explorer.gui.frame.context import HOME
from tools.make_stored import MAKERS, fingerprint_of, main, module_of, records


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_stored_was_made_with_the_shipped_models(name: str) -> None:
    assert callable(getattr(module_of(name), f"make_{name}"))
    made = records()[name]
    assert made["command"].startswith(f"python -m tools.make_stored {name}")
    assert made["models"] == {model: fingerprint_of(model) for model in MAKERS[name].models}


def test_every_shipped_model_is_asked_by_some() -> None:
    asked = {model for maker in MAKERS.values() for model in maker.models}
    assert asked == {path.stem for path in HOME.joinpath("checkpoints").glob("*.safetensors")}


def test_what_there_is_not_is_answered_with_what_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["nothing"]) == main([]) == main(["all", "mnist"]) == 2
    assert "bound" in capsys.readouterr().err
