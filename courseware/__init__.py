"""What belongs to this course and not to the Threads service: its catalogue, predictions, progress and tables."""
