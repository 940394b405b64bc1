"""From a wish to finished rows: conditions, and rows under them."""
