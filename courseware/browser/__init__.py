"""The course in a browser tab: what builds it (`course.py browser DIR`) and what runs in it."""
