"""The Guidance panel."""
