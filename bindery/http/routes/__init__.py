"""One module per resource; each exports `blueprint`. Modules here do not import each other."""
