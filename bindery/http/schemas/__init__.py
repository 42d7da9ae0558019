"""The records of the wire, one module per resource."""
