"""The long-lived workers, one module each."""
