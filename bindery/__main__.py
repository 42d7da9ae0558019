"""python -m bindery."""
