"""Exercise `migrate-thread`: a thread becomes a conversation, and the turn of lessons 02, 03 and 05 is written once more.

`ask` and `wait_for_response` are judged by the checks of the exercises of those lessons, in the words of the other family.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from openai import OpenAI

from autograder.checks import confirmed_answer, resilient_turn, wait_for_run
from autograder.checks.migration_seen import (
    metadata_kept,
    nothing_twice,
    one_conversation,
    order_and_roles,
    records_before_use,
    survives_a_restart,
    thread_left_alone,
    tool_items_kept,
    unknown_thread,
)
from autograder.judging.behaviours import Behaviour, Exercise, Part, Scene
from courseware.tables import DB
from threadlab.engine.assistants_api.threads import MOST_AT_CREATION
from threadlab.migrate.carry import items_of
from threadlab.migrate.export import lines
from threadlab.responders.scripted import Scripted
from threadlab.trials.api_family import CONVERSATIONS
from threadlab.trials.host import KillPoint, Limits
from threadlab.trials.trial import CLIENT, World
from threadlab.wire.prompts import Answer, Prompt, WantedCall
from threadlab.wire.statuses import RESPONSE_ENDS

MODEL = "gpt-4o"
INSTRUCTIONS = "Answer in one sentence."
TEXT = resilient_turn.TEXT
TOO_LONG = "Portugal " * 1_165_085
"""10,485,765 characters, five more than an item may have."""
_COUNTRIES = ("France", "Italy", "Spain", "Portugal", "Greece", "Poland")
_THANKS = "  Thank you.\n"
MANY_STEPS = 21
A_PAUSE = 0.1
"""Seconds: some tries are further apart than that if there is a pause between any of them, and not if there is none."""
_WAITS = "delay:3@getRun"
"""While a world is set up, each look at a run takes so long that something has happened to it by the next."""


FUNCTION: Any = {
    "type": "function",
    "function": {"name": "get_population", "parameters": {"type": "object", "properties": {"country": {"type": "string"}}}},
}


# ---- threads to migrate -----------------------------------------------------------------------------------------------------------------


def _plain(count: int, start: int = 0) -> list[dict[str, str]]:
    """Messages, most of them with a text of their own; now and then both say the same, one after the other."""
    return [
        {
            "role": ("user", "assistant")[number % 2],
            "content": _THANKS if number % 10 in (6, 7) else f"({number + 1}) {_COUNTRIES[number % 6]}.",
        }
        for number in range(start, start + count)
    ]


class _OneMore(Scripted):
    """Where two countries were asked about at once, asks about a third in a second round."""

    def respond(self, prompt: Prompt) -> Answer:
        if len(prompt.results) == 2:
            return Answer(calls=[WantedCall("get_population", '{"country": "Spain"}')])
        return super().respond(prompt)


class _ManySteps(Scripted):
    """Calls one function after the other, each in a step of its own: more steps than a page has."""

    def respond(self, prompt: Prompt) -> Answer:
        if (number := len(prompt.results)) < MANY_STEPS:
            return Answer(calls=[WantedCall("get_population", f'{{"country": "{_COUNTRIES[number % 6]}"}}')])
        return super().respond(prompt)


def _output_of(arguments: str) -> str:
    """What a function answers: white space is part of it, and one has nothing to say."""
    return "" if "Spain" in arguments else f"{len(arguments)} million\n"


def _with_tools(client: OpenAI, thread_id: str, assistant_id: str, text: str) -> None:
    """A turn in which the run called functions."""
    runs = client.beta.threads.runs
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = runs.create(thread_id, assistant_id=assistant_id)
    while run.status != "completed":
        run = runs.retrieve(run.id, thread_id=thread_id)
        if run.status == "requires_action" and run.required_action is not None:
            calls = run.required_action.submit_tool_outputs.tool_calls
            outputs: Any = [{"tool_call_id": one.id, "output": _output_of(one.function.arguments)} for one in calls]
            runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)


def _plain_turn(client: OpenAI, thread_id: str, assistant_id: str, text: str) -> None:
    """A turn in which the run only answered."""
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    while run.status != "completed":
        run = client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)


def _with_another(client: OpenAI, thread_id: str) -> dict[str, Any]:
    """What a migration of the thread must carry over. Another thread has been carried over before."""
    another = {"thread_id": "thread_" + "1" * 24, "conversation_id": client.conversations.create().id}
    return {"thread_id": thread_id, "wanted": list(lines(client, thread_id)), "another": another}


def _history(before: int, after: int, turns: int = 0, start: int = 0) -> Callable[[OpenAI], dict[str, Any]]:
    """A thread: messages, a turn with one call, plain turns, a turn with two calls and then a third, messages.

    With twenty plain turns, no page of twenty runs has all that called functions, from whichever end it is read; with many messages
    after them, a page of a hundred messages has all the calls. An odd `start` and an even `before` make two messages of the user stand
    side by side.
    """

    def setup(client: OpenAI) -> dict[str, Any]:
        assistant = client.beta.assistants.create(model=MODEL, instructions=INSTRUCTIONS, tools=[FUNCTION])
        messages: Any = _plain(before, start)
        at_once, more = messages[:MOST_AT_CREATION], messages[MOST_AT_CREATION:]
        thread = client.beta.threads.create(messages=at_once, metadata={"user_id": "ada", "purpose": "travel"})
        for message in more:
            client.beta.threads.messages.create(thread.id, role=message["role"], content=message["content"])
        _with_tools(client, thread.id, assistant.id, "What is the population of Norway?")
        for number in range(turns):
            _plain_turn(client, thread.id, assistant.id, f"What is the capital of {_COUNTRIES[number % 6]}?")
        _with_tools(client, thread.id, assistant.id, "What is the population of France, and what that of Italy?")
        for message in _plain(after, start + before):
            client.beta.threads.messages.create(thread.id, role=message["role"], content=message["content"])  # type: ignore[arg-type]
        return _with_another(client, thread.id)

    return setup


def _nothing_said(client: OpenAI) -> dict[str, Any]:
    """A thread that nobody has written on."""
    thread = client.beta.threads.create(metadata={"user_id": "ada"})
    return _with_another(client, thread.id)


def _many_steps(client: OpenAI) -> dict[str, Any]:
    """A thread whose only run called functions again and again."""
    assistant = client.beta.assistants.create(model=MODEL, instructions=INSTRUCTIONS, tools=[FUNCTION])
    thread = client.beta.threads.create(metadata={"user_id": "ada"})
    _with_tools(client, thread.id, assistant.id, "What is the population of each?")
    return _with_another(client, thread.id)


def _gone_on(client: OpenAI) -> dict[str, Any]:
    """A thread that was migrated, and whose conversation has had a turn since."""
    given = _history(4, 0)(client)
    items: Any = [item for _, item in items_of(given["wanted"], {})]
    later: Any = [{"role": "user", "content": "And now?"}, {"role": "assistant", "content": "Now we are here."}]
    conversation = client.conversations.create(items=items, metadata={"user_id": "ada", "purpose": "travel"})
    client.conversations.items.create(conversation.id, items=later)
    return {**given, "conversation_id": conversation.id}


def _call(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, {**DB, "rows": {"migrations": [given["another"]]}}, given["thread_id"]]


def _recorded(given: dict[str, Any]) -> list[Any]:
    row = {name: given[name] for name in ("thread_id", "conversation_id")}
    return [CLIENT, {**DB, "rows": {"migrations": [given["another"], row]}}, given["thread_id"]]


def _twice_and_again(given: dict[str, Any]) -> list[Any]:
    return [[_call(given), _call(given)], [_call(given)]]


def _migrating(
    scenario: str, setup: Callable[[OpenAI], dict[str, Any]], *, requests: int = 120, responder: type[Scripted] = _OneMore
) -> Callable[[], World]:
    return lambda: World(setup, before=_WAITS, scenario=scenario, limits=Limits(requests=requests), responder=responder())


def _around_what_it_makes(point: KillPoint) -> bool:
    """A kill before or after a read is one before or after what was made last."""
    return point.when == "used" or point.operation in ("createConversation", "createConversationItems")


_REPEATS = _history(20, 0, start=7)
"""The twentieth item, at which a full batch ends, says what an earlier one has said under the same role."""

EVERY = ("long", "nothing said")
"""With many messages, and with none."""
LOST = ("a batch's reply lost", "a batch kept, 500 said", "a batch lost on its way")

MIGRATE = Part(
    "migrate_thread",
    (
        Behaviour(
            "order_and_roles", 3, "The conversation has every message, in the thread's order, under its role.", order_and_roles, EVERY
        ),
        Behaviour(
            "tool_items_kept",
            3,
            "Each function call and its output stand before the answer that they led to.",
            tool_items_kept,
            ("long", "many steps"),
        ),
        Behaviour(
            "metadata_kept",
            1,
            "The conversation's metadata has what the thread's has, after a kill, too.",
            metadata_kept,
            (*EVERY, "killed"),
            any_ending=True,
        ),
        Behaviour("thread_left_alone", 1, "The thread is read, and not changed.", thread_left_alone),
        Behaviour(
            "records_before_use",
            2,
            "The conversation's id is committed to the table before anything is put into it.",
            records_before_use,
            any_ending=True,
        ),
        Behaviour(
            "one_conversation",
            2,
            "Run again, by any process, it returns the same conversation and adds nothing.",
            one_conversation,
            ("again", "gone on"),
        ),
        Behaviour(
            "nothing_twice_after_a_lost_reply",
            3,
            "When the reply to a batch of items is lost, the conversation has them once.",
            nothing_twice,
            LOST,
        ),
        Behaviour(
            "survives_a_restart",
            3,
            "Killed at any point and started again: the recorded conversation has everything once, and no other has anything.",
            survives_a_restart,
            ("killed",),
        ),
        Behaviour(
            "unknown_thread",
            1,
            "A thread that is not there is an error, and no conversation is made for it.",
            unknown_thread,
            ("no such thread",),
            any_ending=True,
        ),
    ),
    (
        Scene("long", _migrating("", _history(40, 46, turns=20, start=1), requests=400), _call),
        Scene("nothing said", _migrating("", _nothing_said), _call),
        Scene("many steps", _migrating("", _many_steps, responder=_ManySteps), _call),
        Scene("again", _migrating("", _history(8, 0)), _twice_and_again, driver="processes"),
        Scene("gone on", _migrating("", _gone_on), _recorded),
        Scene(LOST[0], _migrating("reply_lost@createConversationItems#1", _REPEATS), _call),
        Scene(LOST[1], _migrating("500_after@createConversationItems#2", _history(16, 0)), _call),
        Scene(LOST[2], _migrating("request_lost@createConversationItems#1", _history(16, 0)), _call),
        Scene("killed", _migrating("", _history(12, 0)), _call, kill=True, bound=8, where=_around_what_it_makes),
        Scene("no such thread", World, lambda given: [CLIENT, DB, "thread_" + "0" * 24]),
    ),
)


# ---- ask ----------------------------------------------------------------------------------------------------------------------------


def _conversation(client: OpenAI, items: list[Any]) -> dict[str, Any]:
    conversation = client.conversations.create()
    for start in range(0, len(items), 20):
        client.conversations.items.create(conversation.id, items=items[start : start + 20])
    settings = {"model": MODEL, "instructions": INSTRUCTIONS}
    return {"thread_id": conversation.id, "settings": settings, "before": len(items), "text": TEXT, "refuses": False}


def _long(client: OpenAI) -> dict[str, Any]:
    items = [
        item
        for number in range(confirmed_answer.EARLIER // 2)
        for item in (
            {"role": "user", "content": confirmed_answer.asked_before(_COUNTRIES[number % 6])},
            {"role": "assistant", "content": f"({number + 1}) I have said so before."},
        )
    ]
    return {**_conversation(client, items), "text": confirmed_answer.AS_IT_IS}


def _new(client: OpenAI) -> dict[str, Any]:
    return _conversation(client, [])


def _asked_twice(client: OpenAI) -> dict[str, Any]:
    return {**_new(client), "calls": 2}


def _asked_before(client: OpenAI) -> dict[str, Any]:
    before = [{"role": "user", "content": TEXT}, {"role": "assistant", "content": "I would have to look that up."}]
    return _conversation(client, before)


def _refusing(client: OpenAI) -> dict[str, Any]:
    return {**_new(client), "text": TOO_LONG, "refuses": True}


def _ask(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, given["thread_id"], given["text"]]


def _wrong_key(given: dict[str, Any]) -> list[Any]:
    return [{**CLIENT, "api_key": "sk-revoked"}, *_ask(given)[1:]]


def _nowhere(given: dict[str, Any]) -> list[Any]:
    return [CLIENT, "conv_" + "0" * 24, TEXT]


def _asked_long_ago(client: OpenAI) -> dict[str, Any]:
    """The same, in a conversation of more than a page."""
    before = [item for _ in range(12) for item in ({"role": "user", "content": TEXT}, {"role": "assistant", "content": "Ask later."})]
    return _conversation(client, before)


def _in(scenario: str, setup: Callable[[OpenAI], dict[str, Any]] = _asked_before, seconds: int = 1) -> Callable[[], World]:
    return lambda: World(setup, scenario=f"slow:{seconds} {scenario}", limits=Limits(requests=400))


REFUSALS = ("refused", "wrong key", "no such conversation")
TWICE = ("twice",)
LOST_TURN = ("reply lost", "answered, 500 said", "lost on its way", "items' reply lost")

ASK = Part(
    "ask",
    (
        *confirmed_answer.behaviours(
            CONVERSATIONS,
            {
                "posted_once": 1,
                "confirmed_before_the_run": 1,
                "one_run": 1,
                "answer_of_this_run": 2,
                "failed_run_is_no_answer": 2,
                "all_replies_in_order": 2,
                "every_page": 1,
            },
            bad_ends=("failed", "incomplete"),
            texts=TWICE,
            again=TWICE,
            retried=("bad moments", "rate limited"),
        ),
        Behaviour(
            "no_retry_when_refused",
            1,
            "What is refused with a 400, 401 or 404 is not sent again, and the error reaches the caller.",
            resilient_turn.no_retry_when_refused,
            REFUSALS,
            any_ending=True,
        ),
        Behaviour(
            "bounded_retries",
            1,
            f"A request that is always answered by 500 is tried again, but at most {resilient_turn.MOST} times in all.",
            partial(resilient_turn.bounded_retries, family=CONVERSATIONS, pause=A_PAUSE),
            ("always 500",),
            any_ending=True,
        ),
        Behaviour(
            "survives_bad_moments",
            1,
            "Two failures in a row do not end the turn.",
            partial(resilient_turn.survives_bad_moments, family=CONVERSATIONS),
            ("bad moments", "bad moments while it looks"),
            any_ending=True,
        ),
        Behaviour(
            "obeys_retry_after",
            1,
            "After a 429 the next try waits as long as Retry-After says.",
            resilient_turn.obeys_retry_after,
            ("rate limited",),
        ),
        Behaviour(
            "one_turn_after_a_lost_reply",
            3,
            "When the reply is lost, the conversation has the message once, there is one response, and its answer is returned.",
            partial(resilient_turn.one_turn, family=CONVERSATIONS),
            LOST_TURN,
        ),
    ),
    (
        Scene("long", lambda: World(_long, scenario="queued:15 slow:25"), _ask),
        Scene("refused", lambda: World(_refusing), _ask),
        Scene("failed", lambda: World(_long, scenario="run_failed"), _ask),
        Scene("incomplete", lambda: World(_new, scenario="run_incomplete"), _ask),
        Scene("several", lambda: World(_new, scenario="replies:5"), _ask),
        Scene("talkative", lambda: World(_new, scenario="replies:25"), _ask),
        Scene("twice", lambda: World(_asked_twice), lambda given: [_ask(given)] * given["calls"], driver="calls"),
        Scene("wrong key", _in(""), _wrong_key),
        Scene("no such conversation", _in(""), _nowhere),
        Scene("always 500", _in("500@createResponse 500@createConversationItems"), _ask),
        Scene("bad moments", _in("500@createResponse#1 503@createResponse#2 500@createConversationItems#1-2"), _ask),
        Scene("bad moments while it looks", _in("500@listConversationItems#1-2 503@getResponse#1-2"), _ask),
        Scene("rate limited", _in("429:7@createResponse#1"), _ask),
        Scene(LOST_TURN[0], _in("reply_lost@createResponse#1 replies:2", _asked_long_ago, 30), _ask),
        Scene(LOST_TURN[1], _in("500_after@createResponse#1", _new), _ask),
        Scene(LOST_TURN[2], _in("request_lost@createResponse#1"), _ask),
        Scene(LOST_TURN[3], _in("reply_lost@createConversationItems#1"), _ask),
    ),
)


# ---- wait_for_response ----------------------------------------------------------------------------------------------------------------


def _responding(client: OpenAI) -> dict[str, Any]:
    response = client.responses.create(model=MODEL, instructions=INSTRUCTIONS, input=TEXT, background=True)
    return {"run_id": response.id}


def _two_responding(client: OpenAI) -> dict[str, Any]:
    """Two responses that are at work at the same time; the second takes longer."""
    return {**_responding(client), "then": _responding(client)}


def _cancelled(client: OpenAI) -> dict[str, Any]:
    given = _responding(client)
    client.responses.cancel(given["run_id"])
    return given


def _calling(client: OpenAI) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"country": {"type": "string"}}}
    tools: Any = [{"type": "function", "name": "get_capital", "parameters": parameters}]
    return {"run_id": client.responses.create(model=MODEL, input=TEXT, tools=tools, background=True).id}


def _wait(given: dict[str, Any]) -> list[Any]:
    return [wait_for_run.QUICK, given["run_id"]]


def _stuck(**marks: bool) -> Callable[[], World]:
    return lambda: World(lambda client: {**_responding(client), "stuck": True, **marks}, before="stuck")


def _slow(seed: int) -> Callable[[], World]:
    return lambda: World(_responding, before="slow:100", seed=seed)


ENDS = (*RESPONSE_ENDS, "function call")

WAIT = Part(
    "wait_for_response",
    wait_for_run.behaviours(
        CONVERSATIONS,
        ENDS,
        "ResponseTimeout",
        {
            "returns_at_every_end": 2,
            "starts_at_one_second": 1,
            "pauses_grow": 1,
            "pauses_are_capped": 1,
            "jittered": 1,
            "overshoots_at_most_one_pause": 1,
            "nothing_after_the_end": 1,
            "survives_errors": 2,
            "cancels_at_the_deadline": 2,
            "raises_response_timeout": 1,
        },
        again=wait_for_run.AGAIN,
    ),
    (
        *(Scene(name, _slow(seed), _wait, kwargs={"max_wait": 300.0}) for seed, name in enumerate(wait_for_run.LONG)),
        Scene("completed", lambda: World(_responding), _wait),
        Scene("failed", lambda: World(_responding, before="run_failed"), _wait),
        Scene("incomplete", lambda: World(_responding, before="run_incomplete"), _wait),
        Scene("cancelled", lambda: World(_cancelled), _wait),
        Scene("function call", lambda: World(_calling), _wait),
        Scene(
            wait_for_run.AGAIN[0],
            lambda: World(_two_responding, before="slow:40@createResponse#1 slow:100@createResponse#2"),
            lambda given: [_wait(given), _wait(given["then"])],
            kwargs={"max_wait": 90.0},
            driver="calls",
        ),
        Scene(
            "bad moments",
            lambda: World(_responding, before="slow:40", scenario="500@getResponse#2-3 429:2@getResponse#5 503@getResponse#6"),
            _wait,
            kwargs={"max_wait": 300.0},
        ),
        Scene("stuck", _stuck(), _wait, kwargs={"max_wait": 30.0}),
        Scene("stuck, no max_wait given", _stuck(default=True), _wait),
    ),
)

EXERCISE = Exercise(
    slug="migrate-thread",
    parts=(MIGRATE, ASK, WAIT),
    hints=(
        "For migrate_thread: when the process is killed between two batches, who knows how far it came? For ask: a response has an id, "
        "and nothing lists responses; so what can be looked at after a lost reply? For wait_for_response: what was different in "
        "`wait_for_run`?",
        "migrate_thread: build the whole list of items first, in order (the calls and outputs of a run before its first message). Find the "
        "row, or create an empty conversation and commit its id. Then, before every batch: how many items does the conversation have? Go "
        "on from there, with `max_retries=0`. ask: remember the newest item before you send; after an unknown outcome, list what came "
        "after it. wait_for_response: your `wait_for_run`, with `responses.retrieve` and `responses.cancel`; four ends.",
        "while True:\n"
        "    there = len(list(client.conversations.items.list(conversation_id, limit=100)))   # every page\n"
        "    if there >= len(items): return conversation_id\n"
        "    try: once.conversations.items.create(conversation_id, items=items[there:there + 20])\n"
        "    except (openai.APIConnectionError, openai.InternalServerError): ... count, pause, and look again ...\n\n"
        'after = {"after": newest.id} if newest else {}                       # ask: newest was listed before the first try\n'
        'since = list(client.conversations.items.list(conversation_id, order="asc", limit=100, **after))\n'
        "if since: return the texts of the assistant's messages among them",
    ),
)
