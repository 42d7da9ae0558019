"""The disk: probing, walking, the import journal, the recycle bin."""
