"""The panel "When is it decided?"."""
