"""What course.py needs before anything is installed: the standard library only, and no import from the rest of the course."""
