"""What old and new code are put through: the same scenes, each in the words of either family."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from threadlab.trials.api_family import CONVERSATIONS, THREADS, Family
from threadlab.trials.host import Limits
from threadlab.trials.trial import World

if TYPE_CHECKING:
    from openai import OpenAI

TEXT = "What is its population?"
BEFORE: Any = [
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "The capital of France is Paris."},
]
"""What was said before. The question can be answered only by whom this reaches."""
MODEL = "gpt-4o"
_LIMITS = Limits(polls=1000, requests=1500)


class Scene(msgspec.Struct, frozen=True):
    """One situation. In `faults`, `POST` stands for what can bring a message, `RUN` for what starts a run, `POLL` for what looks at it."""

    name: str
    faults: str = ""
    before: str = ""
    """Faults while the scene is set up: they settle the fate of a run that is under way when it begins."""
    busy: bool = False
    """Another turn is at work when this one begins."""
    missing: bool = False
    """The thread, or the conversation, is not there."""
    key: str = ""
    """The API key, where it is another than the right one."""
    max_wait: float | None = None
    kill: bool = False
    """Killed at each point, and started again."""


TURNS: tuple[Scene, ...] = (
    Scene("nothing goes wrong"),
    Scene("the answer takes 40 seconds", "slow:40"),
    Scene("five messages in one answer", "replies:5"),
    Scene("twenty-five messages in one answer", "replies:25"),
    Scene("the answer fails", "run_failed"),
    Scene("the answer stays incomplete", "run_incomplete"),
    Scene("the answer never comes", "stuck"),
    Scene("a wrong key", key="sk-revoked"),
    Scene("nothing there under this id", missing=True),
    Scene("another turn is at work", before="slow:20", busy=True),
    Scene("two failures, nothing done", "500@POST#1 503@POST#2"),
    Scene("rate limited, Retry-After: 7", "429:7@RUN#1"),
    Scene("always a 500", "500@POST"),
    Scene("looking fails twice", "500@POLL#1-2"),
    Scene("the message's reply is lost", "reply_lost@POST#1"),
    Scene("the message is kept and a 500 said", "500_after@POST#1"),
    Scene("the message is lost on its way", "request_lost@POST#1"),
    Scene("the run's reply is lost", "reply_lost@RUN#1"),
    Scene("the run is started and a 500 said", "500_after@RUN#1"),
)
"""For a function that takes a text and comes back with an answer."""

RESTARTS: tuple[Scene, ...] = (Scene("killed anywhere, and started again", kill=True),)
"""For a turn that keeps a record: one that takes `db` and `turn_id`."""

WAITS: tuple[Scene, ...] = (
    Scene("it completes in two seconds"),
    Scene("it takes 100 seconds", before="slow:100", max_wait=300.0),
    Scene("it fails", before="run_failed"),
    Scene("it stays incomplete", before="run_incomplete"),
    Scene("looking fails twice", "500@POLL#1-2", "slow:20"),
    Scene("looking is rate limited", "429:2@POLL#2", "slow:20"),
    Scene("it does not end in time", before="stuck", max_wait=30.0),
)
"""For a function that waits for what was started before."""


def faults(scene: Scene, family: Family) -> str:
    """The scene's faults under the family's own names."""
    names = {"POST": family.posts, "RUN": family.makers, "POLL": (family.poll,)}
    rules = []
    for word in scene.faults.split():
        fault, at, rest = word.partition("@")
        place = next((one for one in names if rest.startswith(one)), None)
        rules += [f"{fault}@{name}{rest.removeprefix(place)}" for name in names[place]] if at and place else [word]
    return " ".join(rules)


def world(scene: Scene, family: Family, *, waits: bool) -> World:
    """Where the scene begins. `given`: `home`, and `assistant`, `run` where there are any."""
    return World(_SETUPS[family.run](scene, waits), before=scene.before or None, scenario=faults(scene, family), limits=_LIMITS)


def _thread(scene: Scene, waits: bool) -> Callable[[OpenAI], dict[str, str]]:
    def setup(client: OpenAI) -> dict[str, str]:
        thread = client.beta.threads.create(messages=[*BEFORE, {"role": "user", "content": TEXT}] if waits else BEFORE)
        assistant = client.beta.assistants.create(model=MODEL)
        values = {"home": thread.id, "assistant": assistant.id}
        if waits or scene.busy:
            values["run"] = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id).id
        return {**values, "home": "thread_" + "0" * 24} if scene.missing else values

    return setup


def _conversation(scene: Scene, waits: bool) -> Callable[[OpenAI], dict[str, str]]:
    def setup(client: OpenAI) -> dict[str, str]:
        values = {"home": client.conversations.create(items=BEFORE).id}
        if waits or scene.busy:
            response_input: Any = TEXT if waits else []
            values["run"] = client.responses.create(model=MODEL, conversation=values["home"], input=response_input, background=True).id
        return {"home": "conv_" + "0" * 24} if scene.missing else values

    return setup


_SETUPS = {THREADS.run: _thread, CONVERSATIONS.run: _conversation}
