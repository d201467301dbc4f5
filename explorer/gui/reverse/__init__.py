"""The Reverse tab and its panels."""
