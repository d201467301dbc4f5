"""The topic on latent diffusion."""
