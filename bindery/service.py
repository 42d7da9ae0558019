"""The composition root: starts everything in order, stops it in order."""
