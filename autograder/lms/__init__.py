"""Between a learning management system and the gradebook: what is handed in, when, and the scores back."""
