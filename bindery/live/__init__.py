"""What browsers see change: topics, seqs, journals, connections, progress (ui.md 7)."""
