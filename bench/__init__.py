"""Workloads with a figure each, printed as a table and compared with a stored baseline."""
