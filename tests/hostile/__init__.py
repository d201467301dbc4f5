"""What strangers bring that means harm: made by scripts, led through the doors they would take."""
