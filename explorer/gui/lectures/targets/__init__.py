"""The topic on what a network may predict: ε, x_0 or v."""
