"""The topic on denoising before diffusion."""
