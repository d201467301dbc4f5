"""The bins of the last step."""
