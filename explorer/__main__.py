"""python -m explorer train | sample | describe | evaluate: the work without a browser."""

import sys

from explorer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
