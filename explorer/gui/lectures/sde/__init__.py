"""The topic on stochastic differential equations."""
