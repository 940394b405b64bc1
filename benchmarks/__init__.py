"""Benchmarks of synthwgan and its peers, run from the root: ``python -m benchmarks.run``."""
