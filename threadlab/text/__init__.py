"""What the service does with text: token counts, extraction from files, ranking of passages."""
