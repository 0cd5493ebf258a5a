"""`@pytest.mark.orders`, in projects of its own, and everything in `docs/orders.md` that can be run."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import threadlab.service.in_process
import threadlab.service.transport
import threadlab.virtual_time.patches  # noqa: F401  # imported once here, and not anew by the projects below
from tests.threadlab.plugin.test_plugin import QUIET
from threadlab.errors import ThreadlabError
from threadlab.trials.orders import Orders, Replay, run_orders

pytest_plugins = ["pytester"]
TEXT = (Path(__file__).parents[3] / "docs" / "orders.md").read_text(encoding="utf-8")
FILES = {code.split()[1]: code for code in re.findall(r"^```python\n(# \w+\.py\n.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)}

HEAD = """
import asyncio, pytest
from openai import AsyncOpenAI, OpenAI

async def send(client, thread_id, text):
    await client.beta.threads.messages.create(thread_id, role="user", content=text)

async def stored(orders, *texts, client=None):
    look = orders.client().beta.threads
    thread, client = look.create(), client or orders.async_client()
    await asyncio.gather(*(send(client, thread.id, text) for text in texts))
    return [message.content[0].text.value for message in look.messages.list(thread.id, order="asc")]
"""


def outcome(pytester: pytest.Pytester, test: str, *options: str, **outcomes: int) -> str:
    """Run a test file, which has to end like this. What was printed."""
    pytester.makepyfile(HEAD + textwrap.dedent(test))
    result = pytester.runpytest_inprocess(*QUIET, *options)
    result.assert_outcomes(**outcomes)
    return result.stdout.str()


def test_every_order_is_tried(pytester: pytest.Pytester) -> None:
    text = outcome(
        pytester,
        """
        seen = set()

        @pytest.mark.orders
        async def test_three(orders):
            seen.add(tuple(await stored(orders, "a", "b", "c")))

        def test_all_were_seen():
            assert len(seen) == 6
        """,
        passed=2,
    )
    assert "test_three: all 6 orders were tried" in text


def test_failure_shows_the_order_and_the_line_that_replays_it(pytester: pytest.Pytester) -> None:
    test = """
        calls = []

        @pytest.mark.orders
        async def test_first(orders):
            calls.append(1)
            assert (await stored(orders, "a", "b"))[0] == "a", f"call {len(calls)}"
        """
    text = outcome(pytester, test, failed=1)
    assert "AssertionError: call 2" in text
    assert "1. createMessage “b”, before createMessage “a”" in text
    assert "stored: “b”" in text
    replayed = re.search(r"pytest \S+::test_first --orders-replay (\S+)", text)
    assert replayed
    assert "AssertionError: call 1" in outcome(pytester, test, "--orders-replay", replayed[1], failed=1)
    assert outcome(pytester, test, "--orders-replay", "0", passed=1)


def test_clients_of_the_tested_code_need_no_arguments(pytester: pytest.Pytester) -> None:
    text = outcome(
        pytester,
        """
        import httpx, httpx2

        @pytest.mark.orders
        async def test_sdk(orders):
            assert sorted(await stored(orders, "a", "b", client=AsyncOpenAI())) == ["a", "b"]

        @pytest.mark.orders
        async def test_azure(orders):
            assert sorted(await stored(orders, "a", "b", client=orders.async_azure_client())) == ["a", "b"]
            assert [one.operation for one in orders.journal if one.what == "sent"].count("createMessage") == 2

        @pytest.mark.orders
        @pytest.mark.parametrize("library", [httpx, httpx2])
        async def test_http(orders, library):
            headers = {"authorization": f"Bearer {orders.api_key}"}
            async with library.AsyncClient(base_url="https://api.example.org/v1", headers=headers) as http:
                made = await asyncio.gather(*(http.post("/conversations", json={"metadata": {"n": n}}) for n in "ab"))
            assert [one.json()["metadata"]["n"] for one in made] == ["a", "b"]
            with library.Client(base_url=orders.base_url, headers=headers) as http:
                body = {"model": "gpt-4o", "input": "What is the capital of France?", "stream": True}
                with http.stream("POST", "/responses", json=body) as reply:
                    assert "response.completed" in reply.read().decode()

        @pytest.mark.orders
        @pytest.mark.scenario("reply_lost@createConversation")
        @pytest.mark.parametrize("library", [httpx, httpx2])
        def test_lost(orders, library):
            with library.Client(base_url=orders.base_url, headers={"authorization": f"Bearer {orders.api_key}"}) as http:
                with pytest.raises(library.ReadError):
                    http.post("/conversations", json={})
        """,
        passed=6,
    )
    assert text.count("both orders were tried") == 4
    assert text.count("1 order: no two requests were in flight at once, so at this granularity nothing can be reordered") == 2


def test_sample_is_called_a_sample(pytester: pytest.Pytester) -> None:
    text = outcome(
        pytester,
        """
        @pytest.mark.orders(bound=10, seed=4)
        async def test_six(orders):
            await stored(orders, *"abcdef")
        """,
        passed=1,
    )
    assert "10 of more than 10 orders were tried (a sample, seed 4)" in text


def test_program_can_be_killed_in_every_order(pytester: pytest.Pytester) -> None:
    test = """
        @pytest.mark.orders(kills=True)
        async def test_killed(orders):
            note = orders.folder / "thread"
            look = orders.client().beta.threads
            thread_id = note.read_text() if note.exists() else look.create().id
            note.write_text(thread_id)
            have = [message.content[0].text.value for message in look.messages.list(thread_id)] if CAREFUL else []
            client = orders.async_client()
            await asyncio.gather(*(send(client, thread_id, text) for text in ("a", "b") if text not in have))
            assert len(look.messages.list(thread_id).data) == 2, f"in life {orders.attempt}"
        """
    text = outcome(pytester, test.replace("CAREFUL", "True"), passed=1)
    assert re.search(r"both orders were tried; all (\d+) of \1 kills in them", text)
    text = outcome(pytester, test.replace("CAREFUL", "False"), failed=1)
    assert "the program is killed after createMessage was carried out, before its reply, and started again" in text
    assert "in life 2" in text
    replayed = re.search(r"--orders-replay (\S+k\d+)", text)
    assert replayed
    assert "in life 2" in outcome(pytester, test.replace("CAREFUL", "False"), "--orders-replay", replayed[1], failed=1)


def test_endless_poll_is_a_failure(pytester: pytest.Pytester) -> None:
    text = outcome(
        pytester,
        """
        @pytest.mark.orders
        def test_polls(orders):
            client = orders.client()
            thread = client.beta.threads.create()
            while True:
                client.beta.threads.retrieve(thread.id)
        """,
        failed=1,
    )
    assert "polled thread_" in text
    assert "lines before these" in text


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("@pytest.mark.orders\ndef test_it(): pass", "takes the fixture `orders`"),
        ("def test_it(orders): pass", "needs the marker: @pytest.mark.orders"),
        ("@pytest.mark.orders(bound=0)\ndef test_it(orders): pass", "bound is a number of orders, at least 1"),
        ("@pytest.mark.orders(nonsense=1)\ndef test_it(orders): pass", "nonsense"),
        ("@pytest.mark.orders(replay='x')\ndef test_it(orders): pass", "'x' is not an order: it looks like 0.1.0"),
        ("@pytest.mark.orders\n@pytest.mark.scenario('nonsense')\ndef test_it(orders): pass", "the scenario's rule 'nonsense'"),
        (
            "@pytest.fixture\ndef early(orders): return orders.client()\n@pytest.mark.orders\ndef test_it(orders, early): pass",
            "not before it",
        ),
    ],
)
def test_wrong_use_is_told_in_a_sentence(pytester: pytest.Pytester, test: str, said: str) -> None:
    pytester.makepyfile("import pytest\n" + test)
    text = pytester.runpytest_inprocess(*QUIET).stdout.str()
    assert said in text
    assert "INTERNALERROR" not in text


def test_other_tests_are_left_alone(pytester: pytest.Pytester) -> None:
    text = outcome(pytester, "def test_it(): pass", passed=1)
    assert "delivery orders" not in text


# ---- the parts ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "0.1.0", "3.0.2k17"])
def test_replay_is_read_as_it_was_written(text: str) -> None:
    assert str(Replay.parse(text)) == text


@pytest.mark.parametrize("text", ["", "a", "0.-1", "0k", "k3", "0k-1", "1,2"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(ThreadlabError, match="is not an order"):
        Replay.parse(text)


def test_order_that_was_drawn_is_shortened() -> None:
    import asyncio

    async def body(orders: Orders) -> None:
        look, client = orders.client().beta.threads, orders.async_client()
        thread = look.create()
        texts = "abcdef"
        await asyncio.gather(*(client.beta.threads.messages.create(thread.id, role="user", content=text) for text in texts))
        page = look.messages.list(thread.id, order="asc")
        found = "".join(block.text.value for message in page for block in message.content if block.type == "text")
        assert not (found.index("f") < found.index("c") and found.index("e") < found.index("a"))

    found = run_orders(body, bound=40, seed=1)
    assert found.failure is not None
    assert found.failure.departures > 2  # it was drawn
    assert sum(map(bool, found.failure.replay.order)) == 2
    assert "and shortened" in found.failure.text()
    again = run_orders(body, replay=found.failure.replay)
    assert isinstance(again.failure.error if again.failure else None, AssertionError)


# ---- the page --------------------------------------------------------------------------------------------------------------------------


def test_every_program_of_the_page_does_what_it_says(pytester: pytest.Pytester) -> None:
    for name, content in FILES.items():
        pytester.path.joinpath(name).write_text(content)
    result = pytester.runpytest_inprocess(*QUIET)
    result.assert_outcomes(passed=2, failed=1)
    text = result.stdout.str()
    assert "test_tabs.py::test_both_messages_are_stored: both orders were tried" in text
    assert re.search(r"pytest test_bot.py::test_two_users_at_once --orders-replay [\d.]+\n", text)
    told = subprocess.run([sys.executable, "-W", "ignore", "explore.py"], cwd=pytester.path, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["both orders were tried", "createMessage “two”"]
