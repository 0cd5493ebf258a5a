"""Old and new versions of the official SDK hold a full turn, each in an environment of its own (kept between runs)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.threadlab.clients.sdk import Unavailable, environment_of, newest
from tests.threadlab.clients.test_clients import CAPITAL, POPULATION, PROGRAMS, said, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with served(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.mark.parametrize("version", ["1.40.0", "1.109.1", "2.54.0", "newest"])
def test_sdk_holds_a_full_turn(environment: dict[str, str], version: str) -> None:
    try:
        version = newest() if version == "newest" else version
        python = environment_of(version)
    except Unavailable as reason:
        pytest.skip(f"needs openai {version} from the package index: {reason}")
    told = said(environment, python, "-W", "ignore", PROGRAMS / "turn.py")
    assert told.pop("response", CAPITAL) == CAPITAL
    assert told == {
        "version": version,
        "asked": "requires_action",
        "status": "completed",
        "answer": POPULATION,
        "streamed": CAPITAL,
        "file": "completed",
        "refused": "Invalid 'thread_id': 'undefined'. Expected an ID that begins with 'thread'.",
    }
