"""Work on one student's files ends as that student's outcome, whatever happens in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.one_student import MEMORY, apart

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes cannot be copied safely here")


def nested(depth: int) -> bytes:
    return nested(depth + 1)


def too_much(_: int) -> bytes:
    return bytes(MEMORY + 1)


def ends(code: int) -> bytes:
    os._exit(code)


def raises(_: int) -> bytes:
    os.write(1, b"words that nobody should see")
    raise KeyboardInterrupt


@pytest.mark.parametrize("work", [nested, too_much, ends, raises])
def test_work_that_does_not_come_to_its_end_is_nothing(work: Callable[[int], bytes], capfd: pytest.CaptureFixture[str]) -> None:
    assert apart(work, 3) is None
    assert capfd.readouterr() == ("", "")


def test_what_work_returns_arrives_as_a_whole(tmp_path: Path) -> None:
    large = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(large)
    assert apart(Path.read_bytes, tmp_path / "file") == large
