"""Which columns of several tables are the same, and in which units; knows no torch."""
