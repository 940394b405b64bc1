"""The sections of a report: what is measured, between which yardsticks."""
