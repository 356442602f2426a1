"""The demonstration that `make run` shows: histories, faults on the way, and the comparison at the end."""
