"""Read by jupyterhub_config.py when hub.toml says spawner = "docker": a container a person. Written for DockerSpawner 14, NOT RUN."""

import os

from dockerspawner import DockerSpawner

from autograder.hub.plan import Plan
from autograder.hub.spawner import DEPLOY

plan = Plan.from_environment()


class CourseContainer(DockerSpawner):
    """The image holds a learners' copy of the course at /course, and its packages."""

    def get_env(self):  # noqa: ANN201
        course = (plan.courses_of(self.user.name) or [""])[0]
        return {
            **super().get_env(),
            "PYTHONPATH": "/course",
            "JUPYTER_CONFIG_PATH": "/config",
            "THREADS_COURSE": course,
            "THREADS_EXCHANGE": "/exchange",
        }


c = get_config()  # noqa: F821
c.JupyterHub.spawner_class = CourseContainer
c.JupyterHub.hub_connect_ip = os.environ.get("THREADS_HUB_CONNECT", "172.17.0.1")  # how containers reach this computer
c.DockerSpawner.image = plan.settings.image
c.DockerSpawner.remove = True
c.DockerSpawner.volumes = {
    "threads-home-{username}": "/home/jovyan",
    str(plan.exchange): "/exchange",
    str(DEPLOY / "student"): {"bind": "/config", "mode": "ro"},
}
c.DockerSpawner.mem_limit = plan.settings.memory
c.DockerSpawner.cpu_limit = plan.settings.cpus
c.DockerSpawner.extra_host_config = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "pids_limit": 512}
