"""A report as one HTML page; jinja2 and plotly are imported when one is written."""
