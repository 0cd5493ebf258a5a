"""A JupyterHub for a class on one machine: `course.py hub`. Configuration is in deploy/hub; here is what is more than configuration."""
