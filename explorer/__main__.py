"""python -m explorer, also as diffusion-explorer: the work without a browser."""

import sys

from explorer.entry import run


def main() -> int:
    """The exit code, also where Ctrl-C comes while all this is being imported."""
    return run("explorer.cli.main")


if __name__ == "__main__":
    sys.exit(main())
