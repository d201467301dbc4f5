"""Diffusion Explorer: see a diffusion model work, step by step."""

__version__ = "0.1.0"
