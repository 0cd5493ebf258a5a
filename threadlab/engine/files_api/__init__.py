"""Files and vector stores, and the search in them, for both API families."""
