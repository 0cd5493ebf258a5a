"""JupyterHub for the course. `python3 course.py hub` starts it with the environment that is read here; hub.toml says what it is to be."""

import json
import os
import sys
from pathlib import Path

from autograder.hub.plan import NAME, Plan, own_accounts
from autograder.hub.spawner import DEPLOY, CourseSpawner, course_service

c = get_config()  # noqa: F821
plan = Plan.from_environment()
settings = plan.settings
passwords = json.loads((plan.data / "passwords.json").read_text(encoding="ascii"))

# ---- where it listens: the proxy is the only door, everything else is on loopback

secure = "THREADS_HUB_CERTIFICATE" in os.environ
c.JupyterHub.bind_url = f"{'https' if secure else 'http'}://{os.environ.get('THREADS_HUB_LISTEN', '127.0.0.1')}:{plan.port}"
c.JupyterHub.ssl_cert = os.environ.get("THREADS_HUB_CERTIFICATE", "")
c.JupyterHub.ssl_key = os.environ.get("THREADS_HUB_CERTIFICATE_KEY", "")
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{plan.hub_port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{plan.proxy_port}"
c.ConfigurableHTTPProxy.command = json.loads(os.environ["THREADS_HUB_PROXY"])
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = str(plan.data / "proxy.pid")

# ---- what it keeps

c.JupyterHub.db_url = f"sqlite:///{plan.data / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(plan.data / "cookie_secret")
c.JupyterHub.log_level = "WARN"

# ---- who may sign in

c.Authenticator.username_pattern = NAME.pattern
c.Authenticator.admin_users = set(settings.teachers)
c.Authenticator.allowed_users = {*settings.students, *settings.teachers} if settings.students else set()
c.Authenticator.allow_all = not settings.students
if settings.sign_in == "shared":
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = passwords["students"]
    c.SharedPasswordAuthenticator.admin_password = passwords["teachers"]
else:
    import nativeauthenticator

    from autograder.hub.sign_in import OwnPasswords

    c.JupyterHub.authenticator_class = OwnPasswords
    c.Authenticator.allow_all = True  # who may is decided where people sign up: those listed at once, others when a teacher says so
    c.JupyterHub.template_vars = {"announcement_login": 'The first time: <a href="/hub/signup">choose a password</a>.'}
    c.JupyterHub.template_paths = [str(Path(nativeauthenticator.__file__).parent / "templates")]
    c.NativeAuthenticator.open_signup = not settings.students  # otherwise the teachers let in who has signed up
    c.NativeAuthenticator.minimum_password_length = 8
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 10

# ---- people's servers

c.Spawner.notebook_dir = ""
c.Spawner.default_url = "/lab/tree/lessons/00-first-conversation.ipynb"
c.Spawner.poll_interval = 5  # a server that was killed is noticed
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
c.LocalProcessSpawner.interrupt_timeout = 5
c.LocalProcessSpawner.term_timeout = 5
if settings.spawner == "docker":
    exec((DEPLOY / "docker.py").read_text(encoding="utf-8"))
else:
    c.JupyterHub.spawner_class = CourseSpawner

# ---- courses: a formgrader for the teachers, and the service that grades

c.JupyterHub.load_groups = {
    **{f"formgrade-{name}": {"users": list(settings.teachers)} for name in plan.courses},
    **{f"nbgrader-{name}": {"users": list(course.students)} for name, course in plan.courses.items()},
}
c.JupyterHub.load_roles = [
    {
        "name": "server",  # nbgrader's course list asks with a server's token; it can do nothing that its owner may not
        "scopes": [
            "users:activity!user",
            "access:servers!server",
            "read:users:name!user",
            "read:users:groups!user",
            "list:services",
            "read:services",
        ],
    },
    *(
        {
            "name": f"formgrade-{name}",
            "groups": [f"formgrade-{name}"],
            "scopes": [f"access:services!service={name}", "list:services", "read:services"],
        }
        for name in plan.courses
    ),
]
singleuser = [str(Path(sys.executable).parent / "jupyterhub-singleuser"), "--log-level=WARN", *(["--allow-root"] if own_accounts() else [])]
grading = [sys.executable, "-P", "-m", "autograder.hub.grading"]
c.JupyterHub.services = [
    *(
        course_service(plan, name, name, singleuser, url=f"http://127.0.0.1:{plan.formgrader_port(name)}", oauth_no_confirm=True)
        for name in plan.courses
    ),
    *(course_service(plan, name, f"grading-{name}", grading, display=False) for name in plan.courses),
]
