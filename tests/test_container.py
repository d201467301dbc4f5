"""The Dockerfile, .dockerignore and compose.yaml: what a container must be, read line by line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from explorer.gui.frame.context import HOME

LINES = re.sub(
    r"\\\n\s*", "", re.sub(r"^#.*\n", "", (HOME / "Dockerfile").read_text("utf-8"), flags=re.M)
).splitlines()
STEPS = [(words[0], words[1]) for line in LINES if (words := line.split(" ", 1))[0].isupper()]


def all_of(instruction: str) -> list[str]:
    return [rest.strip() for name, rest in STEPS if name == instruction]


def test_the_app_runs_as_a_user_without_privileges() -> None:
    (user,) = all_of("USER")
    assert user not in ("root", "0")
    assert any(re.search(rf"useradd .*--uid [1-9]\d+ {user}$", run) for run in all_of("RUN"))
    order = [name for name, _ in STEPS]
    assert order.index("USER") > max(k for k, name in enumerate(order) if name in ("RUN", "COPY"))
    assert json.loads(all_of("CMD")[-1]) == ["python", "app.py"]


def test_it_starts_from_a_slim_python_that_the_package_supports() -> None:
    (base,) = all_of("FROM")
    version = re.fullmatch(r"python:3\.(\d+)-slim", base)
    assert version and int(version[1]) >= 11


def test_the_health_check_is_a_request_that_the_app_answers(running: str) -> None:
    """The very command of the Dockerfile, against a running app on another port."""
    (check,) = all_of("HEALTHCHECK")
    _, program, code = json.loads(check[check.index("CMD") + 3 :])
    assert program == "-c" and ":7860/" in code
    for address, ends in ((running, 0), ("127.0.0.1:9", 1)):
        asked = code.replace("127.0.0.1:7860", address)
        proxied = os.environ | {"http_proxy": "http://127.0.0.1:9"}  # as Docker may set it
        done = subprocess.run([sys.executable, "-c", asked], env=proxied, capture_output=True)
        assert done.returncode == ends, done.stderr


@pytest.fixture
def running(request: pytest.FixtureRequest) -> str:
    """A launched app without tabs, behind the same door; its host and port."""
    import torch

    from explorer.gui import app
    from explorer.gui.frame.context import Context
    from explorer.gui.frame.device import Device
    from explorer.gui.frame.limits import LOCAL

    context = Context(Device(torch.device("cpu")), LOCAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "TABS", ())
        demo = app.create_app(context)
    app.launch(demo, context, prevent_thread_lock=True, quiet=True)
    request.addfinalizer(demo.close)
    return demo.local_url.removeprefix("http://").rstrip("/")


def test_the_build_is_sent_what_it_copies_and_nothing_else(tmp_path: Path) -> None:
    """`COPY`'s sources are let in by .dockerignore; runs and caches are not."""
    rules = (HOME / ".dockerignore").read_text("utf-8").split()
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {source for copy in all_of("COPY") for source in copy.split()[:-1]}
    assert rules[0] == "**" and copied == let_in
    assert {"checkpoints/runs", "**/__pycache__"} <= set(rules)
    assert all((HOME / name).exists() for name in copied)
    shutil.copytree(HOME / "explorer", tmp_path / "explorer")  # enough to be imported
    code = "import explorer.gui.app; print(explorer.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_compose_keeps_runs_where_the_image_does() -> None:
    services = yaml.safe_load((HOME / "compose.yaml").read_text("utf-8"))["services"]
    replicas = [one for name, one in services.items() if name.startswith("replica")]
    assert len(replicas) == 2
    for replica in replicas:
        assert replica["build"] == "." and replica["volumes"] == ["runs:/app/checkpoints/runs"]
    assert "/app" in all_of("WORKDIR")
    assert services["proxy"]["depends_on"].keys() <= services.keys()
