"""The course as a site to read: `python3 course.py site DIR`. Lessons are executed; nothing on a page comes from elsewhere."""
