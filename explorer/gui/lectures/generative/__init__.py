"""The topic that compares four kinds of generative models."""
