"""The Common mistakes panel."""
