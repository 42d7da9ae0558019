"""Bindery: finds, downloads, verifies and shelves books."""
