"""python -m explorer, also as diffusion-explorer: the work without a browser."""

import sys


def main() -> int:
    """The exit code, also where Ctrl-C comes while this is being imported."""
    try:
        from explorer.cli.main import main

        return main()
    except KeyboardInterrupt:
        print("explorer: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
