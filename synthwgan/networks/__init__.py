"""Torch modules and losses. Nothing here knows pandas or columns, only slots."""
