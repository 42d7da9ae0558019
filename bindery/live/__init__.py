"""Topics, sequence numbers and last known progress: plain objects on the loop."""
