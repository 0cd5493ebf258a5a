"""For authors of exercises: the known answers graded, the learners' copy made."""
