"""The panel of steps against quality."""
