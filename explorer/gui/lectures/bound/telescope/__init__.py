"""The cancelling between them, a step at a time."""
