"""Environment and file, one frozen typed Settings."""
