"""Two courses side by side on a hub where everybody has a password of their own."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.autograder.hub.server import LONG, Hub, clone, needed, opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hub")]

SETTINGS = """
sign_in = "native"
students = ["ada", "bob"]

[courses.one]
[courses.two]
folder = {two!r}
students = ["ada"]
"""
PASSWORD = "correct horse battery"


@pytest.fixture
def hub() -> Iterator[Hub]:
    needed(browsers=False)
    base = Path(tempfile.mkdtemp(prefix="hub-"))
    base.chmod(0o755)
    try:
        course = clone(base / "course")
        shutil.copytree(course, base / "other")
        with opened(Hub(course, SETTINGS.format(two=str(base / "other")))) as made:
            yield made
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def somebody(hub: Hub, name: str, password: str = PASSWORD) -> Iterator[httpx2.Client]:
    """Somebody who has signed up, if they may, and in."""
    with httpx2.Client(base_url=hub.address, trust_env=False, timeout=60, follow_redirects=True) as client:
        client.get("/hub/signup")
        token = {"_xsrf": client.cookies.get("_xsrf", path="/hub/")}
        signs_up = {"username": name, "signup_password": password, "signup_password_confirmation": password}
        client.post("/hub/signup", data={**signs_up, **token})
        client.post("/hub/login", data={"username": name, "password": password, **token})
        yield client


def test_everybody_has_their_own_password_and_courses(hub: Hub) -> None:
    with somebody(hub, "teacher") as teacher:
        for course in ("one", "two"):
            page = teacher.get(f"/services/{course}/formgrader/manage_assignments")
            assert page.status_code == 200
            assert "Manage Assignments" in page.text
        assert teacher.get("/hub/authorize").status_code == 200
        assert teacher.get("/hub/change-password").status_code == 200
    with somebody(hub, "mallory") as mallory, somebody(hub, "teacher") as teacher:  # mallory is not in the list
        assert "/hub/login" in str(mallory.get("/hub/home").url)
        assert teacher.get("/hub/authorize/mallory").status_code == 200
    with somebody(hub, "mallory") as mallory:
        assert "/hub/home" in str(mallory.get("/hub/home").url)
    with somebody(hub, "ada") as ada, somebody(hub, "ada", "another password") as impostor:
        assert "/hub/login" in str(impostor.get("/hub/home").url)
        assert ada.get("/services/one/formgrader/manage_assignments").status_code == 403
        form = ada.get("/hub/spawn/ada").text
        assert '<option value="one">' in form
        assert '<option value="two">' in form
        ada.post("/hub/spawn/ada", data={"course": "two", "_xsrf": ada.cookies.get("_xsrf", path="/hub/")})
        end = time.monotonic() + LONG
        while not (hub.data / "homes" / "ada" / ".server.log").exists() and time.monotonic() < end:
            time.sleep(0.2)
        assert sorted(one.name for one in (hub.data / "homes" / "ada").iterdir() if one.name[0] != ".") == ["two"]
        assert (hub.data / "homes" / "ada" / "two" / "lessons" / "00-first-conversation.ipynb").exists()
    with somebody(hub, "bob") as bob:  # has nothing to choose
        assert "<option" not in bob.get("/hub/spawn/bob").text
    hub.kill()
    hub.start()
    with somebody(hub, "bob") as bob, somebody(hub, "bob", "another password") as impostor:  # passwords outlive a kill
        assert "/hub/login" not in str(bob.get("/hub/home").url)
        assert "/hub/login" in str(impostor.get("/hub/home").url)
    assert "Everybody has a user id of their own" in hub.greeting or "under your account" in hub.greeting
