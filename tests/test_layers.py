"""What importing a part of the package brings along."""

from __future__ import annotations

import json
import subprocess
import sys

PAGE = ("gradio", "plotly", "explorer.gui", "explorer.figures")
LAYERS = {
    "import explorer.diffusion": (*PAGE, "torchvision", "numpy.testing", "PIL"),
    "import explorer.training": PAGE,
    "import explorer.evaluation, explorer.cli.evaluate": PAGE,
    "from explorer.evaluation import frechet": PAGE,
    "import torch; frechet.Frechet(torch.ones(3, 2))": PAGE,
    "import explorer.cli.main": PAGE[:2],
}
"""What is done -> the modules that must still be absent."""
CODE = """
import json, sys
for line in json.loads(sys.argv[1]):
    exec(line)
    print(json.dumps(sorted(sys.modules)))
"""


def test_layers_import_only_what_they_may() -> None:
    """One after the other in one fresh interpreter, which takes seconds to import PyTorch."""
    command = [sys.executable, "-c", CODE, json.dumps(list(LAYERS))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = map(json.loads, done.stdout.splitlines())
    for (line, absent), modules in zip(LAYERS.items(), found, strict=True):
        present = [m for m in modules if any(m == a or m.startswith(f"{a}.") for a in absent)]
        assert present == [], line
    assert "torchmetrics" in modules
