"""Bindery: finds, downloads, verifies and shelves books."""

__version__ = "0.1.0"
