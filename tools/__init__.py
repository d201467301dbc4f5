"""What makes, measures and checks what the repository holds: python -m tools.NAME."""

import sys

if sys.argv[0] == "-m":  # python -m tools.NAME, which is imported next
    from explorer.entry import begin

    begin("tools")
