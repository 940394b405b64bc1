"""How networks learn. Knows layouts and tensors, not columns."""
