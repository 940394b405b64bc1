"""RadialGAN: several tables of other columns and populations around one latent space."""
