"""The same class on a Dask cluster that loses a worker, and into a PostgreSQL gradebook: the same grades."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.autograder.classroom.test_resume import a_class
from tests.autograder.course_copy import SLUG, command, environment, files, rows

pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def start(course, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        cwd=course,
        env=environment(course, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="20"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_lost_worker_loses_a_grade(tmp_path):
    here = a_class(tmp_path / "here", 24)
    there = tmp_path / "there"
    shutil.copytree(here, there)
    command(here, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2")
    address = f"tcp://127.0.0.1:{free_port()}"
    started = [start(there, "dask_scheduler", "--host", address, "--no-dashboard")]
    try:
        quiet = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path))
        started += [start(there, "dask_worker", address, *quiet) for _ in range(3)]
        grading = subprocess.Popen(
            [sys.executable, "-m", "autograder", "grade", SLUG, "--trust-submissions", "--cluster", address],
            cwd=there / "autograder",
            env=environment(there),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        records = there / "autograder" / "work" / "records" / SLUG
        end = time.monotonic() + 120
        while len(list(records.glob("*.json"))) < 5 and time.monotonic() < end and grading.poll() is None:
            time.sleep(0.02)
        started[2].send_signal(signal.SIGKILL)
        said = grading.communicate(timeout=240)[1]
        assert grading.returncode == 0, said
    finally:
        for process in started:
            process.kill()
            process.wait()
    for table, expected in rows(here).items():
        assert rows(there)[table] == expected, table
    assert files(there) == files(here)


def test_nobody_at_the_address_is_a_traceback():
    from autograder.cluster import Cluster
    from threadlab.errors import ThreadlabError

    with pytest.raises(ThreadlabError, match="no Dask scheduler"):
        Cluster(f"tcp://127.0.0.1:{free_port()}")


def postgres_programs():
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@pytest.fixture
def postgres():
    """A server of its own, on a port of its own; `db_url`."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed on this computer")
    place = Path(tempfile.mkdtemp(prefix="gradebook-"))  # not below pytest's folder, which is its user's alone
    place.chmod(0o755)
    data, port = place / "data", free_port()
    become = []
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
    subprocess.run([*become, programs / "initdb", "-D", data, "-A", "trust", "-U", "teacher"], cwd="/", check=True, capture_output=True)
    server = subprocess.Popen(
        [*become, programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        import psycopg

        end = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(f"host=127.0.0.1 port={port} user=teacher dbname=postgres", autocommit=True) as connection:
                    connection.execute("create database grades")
                break
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        yield f"postgresql+psycopg://teacher@127.0.0.1:{port}/grades"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(place, ignore_errors=True)


def test_gradebook_in_postgresql_has_other_grades(tmp_path, postgres):
    import psycopg

    course = a_class(tmp_path / "course", 8)
    command(course, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2")
    done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--workers", "2", THREADS_GRADEBOOK=postgres)
    assert "8 of 8" in done.stderr
    query = "select student_id, timestamp from submitted_assignment order by 1"
    scores = (
        "select t.student_id, g.auto_score, g.needs_manual_grade from grade g join submitted_notebook n on n.id = g.notebook_id"
        " join submitted_assignment t on t.id = n.assignment_id order by 1, g.auto_score"
    )
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection:
        submitted, found = connection.execute(query).fetchall(), connection.execute(scores).fetchall()
    expected = rows(course)
    assert [(name, str(at)) for name, at in submitted] == [(row[0], row[2][:19]) for row in expected["submitted_assignment"]]
    assert sorted(score for _, score, _ in found) == sorted(row[2] for row in expected["grade"])
    assert not [manual for _, _, manual in found if manual]
