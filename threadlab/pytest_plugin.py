"""A Threads service for every test that asks for one: the fixture `threads_service` and the marker `scenario`.

    @pytest.mark.scenario("reply_lost@createMessage#1", seed=7)
    def test_bot(threads_service):
        with threads_service.time():
            answer = my_bot(threads_service.client())
        assert len(threads_service.journal.requests("createRun", ok=True)) == 1

pytest loads this module in every run, wanted or not: nothing is imported here, and no clock is touched, before a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from threadlab.service.in_process import Service

SHOWN = 200
"""Journal lines that are shown of a test that failed: the last ones."""

_SERVICE: pytest.StashKey[tuple[Service, int]] = pytest.StashKey()
"""The test's service and its seed."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(rules, seed=0): what goes wrong in this test's `threads_service`, and when")


@pytest.fixture
def threads_service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A Threads service of this test's own, in memory, on virtual time; what fails in it comes from the `scenario` marker."""
    from threadlab.errors import ThreadlabError
    from threadlab.service.in_process import Service

    try:
        scenario, seed = _marked(request.node)
        service = Service(scenario=scenario, seed=seed)
    except (ThreadlabError, TypeError) as error:
        pytest.fail(f"@pytest.mark.scenario: {error}", pytrace=False)
    with service:
        request.node.stash[_SERVICE] = service, seed
        yield service


def _marked(node: pytest.Item) -> tuple[str | None, int]:
    """The scenario and the seed that the nearest marker gives."""
    mark = node.get_closest_marker("scenario")
    if mark is None:
        return None, 0

    def of(rules: str, seed: int = 0) -> tuple[str, int]:
        return rules, seed

    try:
        return of(*mark.args, **mark.kwargs)
    except TypeError:
        raise TypeError(f"it takes the rules and, if wanted, seed=N; it was given {(*mark.args, *mark.kwargs.items())}.") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the service saw, when a test that had one failed."""
    report = yield
    kept = item.stash.get(_SERVICE, None)
    if kept is not None and report.failed:
        report.sections.append(("Threads service", _account(*kept)))
    return report


def _account(service: Service, seed: int) -> str:
    lines = service.journal.text().splitlines()
    left_out = [f"… {len(lines) - SHOWN} lines before these"] if len(lines) > SHOWN else []
    told = [*left_out, *lines[-SHOWN:]] if lines else ["Nothing was asked of it."]
    return "\n".join([f"scenario: {service.scenario or 'none'}; seed: {seed}", *told])
