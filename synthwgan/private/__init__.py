"""Differentially private tables: noisy counts are bought once, and all else is made of them."""
