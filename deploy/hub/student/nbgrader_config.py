"""nbgrader in a student's server: which course, where the exchange is, and who hands in."""

import os

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = os.environ["THREADS_COURSE"]
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Exchange.root = os.environ["THREADS_EXCHANGE"]
c.Exchange.assignment_dir = os.path.join(os.environ["HOME"], os.environ["THREADS_COURSE"], "exercises")  # where the lessons' links lead
