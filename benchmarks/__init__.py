"""Benchmarks of synthwgan, run from the repository root: ``python -m benchmarks.fidelity``."""
