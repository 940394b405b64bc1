"""Relations between columns: declared or found, checked, and taken out of a table and put back."""
