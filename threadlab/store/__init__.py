"""Where objects are kept: in memory, in a SQLite file, in PostgreSQL."""
