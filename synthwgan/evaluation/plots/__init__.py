"""Figures of a report; plotly is imported when one is drawn."""
