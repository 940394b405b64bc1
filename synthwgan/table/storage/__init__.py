"""How cells are stored: dtypes in, and exactly back."""
