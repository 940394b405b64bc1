"""How cells are written, apart from what they mean: one form a file."""
