"""Several tables as one: which of their columns are the same, and rows from one to another."""
