"""Error against steps, a panel under Plane's stage."""
