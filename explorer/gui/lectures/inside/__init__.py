"""The topic on the inside of a network."""
