"""nbgrader in a teacher's own server: as a student's, and the course list asks the hub which formgraders there are."""

import os

from nbgrader.auth import JupyterHubAuthPlugin

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = os.environ["THREADS_COURSE"]
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Exchange.root = os.environ["THREADS_EXCHANGE"]
c.Exchange.assignment_dir = os.path.join(os.environ["HOME"], os.environ["THREADS_COURSE"], "exercises")
c.Authenticator.plugin_class = JupyterHubAuthPlugin
