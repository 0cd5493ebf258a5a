"""The same class on a Dask cluster that loses a worker, and into a PostgreSQL gradebook: the same grades."""

import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.autograder.classroom.test_resume import a_class
from tests.autograder.course_copy import SLUG, command, environment, files, rows
from tests.postgres_server import free_port, postgres_server

pytestmark = pytest.mark.slow


def start(course, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        cwd=course,
        env=environment(course, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="20"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_grades_are_complete_after_a_worker_is_lost(tmp_path):
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


def test_scheduler_without_workers_is_a_sentence_at_once(tmp_path):
    course = a_class(tmp_path / "class", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = start(course, "dask_scheduler", "--host", address, "--no-dashboard")
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            done = command(course, "autograder", "grade", SLUG, "--trust-submissions", "--cluster", address, code=2)
            if "has no workers" in done.stderr:
                break
            assert "Traceback" not in done.stderr  # the scheduler is still starting
        assert f"The scheduler at {address} has no workers" in " ".join(done.stderr.split())
        assert "dask worker" in done.stderr
    finally:
        scheduler.kill()
        scheduler.wait()


def test_unreachable_scheduler_is_a_sentence():
    from autograder.classroom.dask_cluster import Cluster
    from threadlab.errors import ThreadlabError

    with pytest.raises(ThreadlabError, match="no Dask scheduler"):
        Cluster(f"tcp://127.0.0.1:{free_port()}")


@pytest.fixture
def postgres():
    """A server of its own, on a port of its own; `db_url`."""
    with postgres_server("teacher", "grades") as server:
        yield server.address.replace("postgresql://", "postgresql+psycopg://")


def test_gradebook_in_postgresql_has_the_same_grades(tmp_path, postgres):
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
