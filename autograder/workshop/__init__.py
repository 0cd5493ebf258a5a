"""`course.py workshop`: a room full of people who work in the browser edition, a live board, and hand-ins that are graded as they come."""
