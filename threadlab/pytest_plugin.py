"""A Threads service for every test that asks for one: the fixtures `threads_service` and `orders`, the markers `scenario` and `orders`.

    @pytest.mark.scenario("reply_lost@createMessage#1", seed=7)
    def test_bot(threads_service):
        with threads_service.time():
            answer = my_bot(threads_service.client())
        assert len(threads_service.journal.requests("createRun", ok=True)) == 1

    @pytest.mark.orders(bound=200, seed=0)
    async def test_two_tabs(orders):
        ...  # runs once in every order in which its requests could arrive: docs/orders.md

pytest loads this module in every run, wanted or not: nothing is imported here, and no clock is touched, before a test asks for the fixture.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from threadlab.service.in_process import Service
    from threadlab.trials.orders import Failure, Found

SHOWN = 200
"""Journal lines that are shown of a test that failed: the last ones."""

_SERVICE: pytest.StashKey[tuple[Service, int]] = pytest.StashKey()
"""The test's service and its seed."""


_FAILURE: pytest.StashKey[tuple[Failure, str]] = pytest.StashKey()
"""The order in which a test failed, and how its coverage is told."""


def pytest_addoption(parser: pytest.Parser) -> None:
    help_ = "run tests with the `orders` marker in this one delivery order, as a failure has printed it"
    parser.getgroup("threadlab").addoption("--orders-replay", metavar="ORDER", default=None, help=help_)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(rules, seed=0): what goes wrong in this test's service, and when")
    config.addinivalue_line(
        "markers",
        "orders(bound=200, seed=0, kills=False): run this test in every order in which its requests could be delivered; "
        "it takes the `orders` fixture",
    )


# ---- one service -----------------------------------------------------------------------------------------------------------------------


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


# ---- every order -----------------------------------------------------------------------------------------------------------------------


class _Unused:
    """What stands for `orders` until the test runs: each order has one of its own."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"`orders.{name}` is there while the test body runs, not before it: a fixture cannot use it.")


@pytest.fixture
def orders(request: pytest.FixtureRequest) -> Any:
    """The service of one delivery order, and clients of it. The test needs the marker: `@pytest.mark.orders`."""
    if request.node.get_closest_marker("orders") is None:
        pytest.fail("a test that takes `orders` needs the marker: @pytest.mark.orders", pytrace=False)
    return _Unused()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that has the marker in its orders."""
    mark = pyfuncitem.get_closest_marker("orders")
    if mark is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    if "orders" not in names:
        pytest.fail("a test with @pytest.mark.orders takes the fixture `orders`: its clients come from there.", pytrace=False)
    from threadlab.errors import ThreadlabError

    try:
        outcome = _in_orders(pyfuncitem, mark, {name: pyfuncitem.funcargs[name] for name in names})
    except (ThreadlabError, TypeError) as error:
        pytest.fail(f"@pytest.mark.orders: {error}", pytrace=False)
    pyfuncitem.user_properties.append(("orders", outcome.coverage()))
    if outcome.failure is not None:
        pyfuncitem.stash[_FAILURE] = outcome.failure, outcome.coverage()
        if outcome.failure.error is not None:
            raise outcome.failure.error
        pytest.fail(outcome.failure.reason(), pytrace=False)
    return True


def _in_orders(item: pytest.Function, mark: pytest.Mark, given: dict[str, Any]) -> Found:
    from threadlab.trials.orders import Replay, run_orders

    def options(*, bound: int = 200, seed: int = 0, kills: bool = False, replay: str | None = None) -> dict[str, Any]:
        order_text = item.config.getoption("--orders-replay") or replay
        if not isinstance(bound, int) or bound < 1:
            raise TypeError(f"bound is a number of orders, at least 1; it was given {bound!r}.")
        return {"bound": bound, "seed": seed, "kills": kills, "replay": None if order_text is None else Replay.parse(order_text)}

    settings = options(*mark.args, **mark.kwargs)
    scenario, seed = _marked(item)
    body = inspect.unwrap(item.obj)  # plugins for asynchronous tests put loops of their own around it
    return run_orders(
        lambda orders: body(**{**given, "orders": orders}), scenario=scenario, **{**settings, "seed": settings["seed"] or seed}
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many orders each test was run in: a test that passes in a sample has not passed in all."""
    lines_of_coverage = [
        f"{report.nodeid}: {coverage}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, coverage in getattr(report, "user_properties", ())
        if name == "orders" and getattr(report, "when", "") == "call"
    ]
    if lines_of_coverage:
        terminalreporter.section("delivery orders")
        for line in lines_of_coverage:
            terminalreporter.write_line(line)


# ---- reports ---------------------------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the service saw, when a test that had one failed."""
    report = yield
    service_state = item.stash.get(_SERVICE, None)
    if service_state is not None and report.failed:
        report.sections.append(("Threads service", _account(*service_state)))
    orders_failure = item.stash.get(_FAILURE, None)
    if orders_failure is not None and report.failed and report.when == "call":
        failure, coverage = orders_failure
        command = f"pytest {shlex.quote(item.nodeid)}"
        report.sections.append(("delivery order", f"{failure.text(command)}\n\n{coverage[:1].upper()}{coverage[1:]}."))
    return report


def _account(service: Service, seed: int) -> str:
    lines = service.journal.text().splitlines()
    left_out = [f"… {len(lines) - SHOWN} lines before these"] if len(lines) > SHOWN else []
    journal_lines = [*left_out, *lines[-SHOWN:]] if lines else ["Nothing was asked of it."]
    return "\n".join([f"scenario: {service.scenario or 'none'}; seed: {seed}", *journal_lines])
