"""What a learner uses: check, hint, watch, progress."""
