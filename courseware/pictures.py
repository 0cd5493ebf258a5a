"""The lessons' pictures, one for each lesson, so that a notebook shows something before it is run: `python -m courseware.pictures`.

Those that show what happened are drawn from real trials; the others are plain drawings. Lesson 04's is drawn by `courseware.race`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openai
from markupsafe import Markup

from courseware.taught import answer_of
from threadlab import CLIENT, ON_TEXT, CostMeter, RunLife, Service, ThreadView, Timeline, World, trial
from threadlab.svg import Picture, box, path, text_at
from threadlab.widgets.lifecycle import Asked, axes

FOLDER = Path(__file__).resolve().parents[1] / "lessons" / "images"


def arrow(x: float, y: float, to: float) -> Markup:
    """From left to right, with a head."""
    return path(f"M{x:.1f} {y:.1f}H{to:.1f}m-6 -4l6 4l-6 4", "tl-go")


def chain(title: str, description: str, boxes: Sequence[tuple[str, str]], foot: str = "") -> str:
    """Boxes in a row, each with a name and a line under it, joined by arrows."""
    each, gap = 172.0, 30.0
    parts = []
    for number, (name, under) in enumerate(boxes):
        left = 20 + number * (each + gap)
        parts.append(box(left, 50, each, 74, "tl-box", 8))
        parts.append(text_at(left + each / 2, 80, name, "tl-middle tl-strong"))
        parts.append(text_at(left + each / 2, 104, under, "tl-middle tl-dim"))
        if number:
            parts.append(arrow(left - gap + 3, 87, left - 4))
    parts.append(text_at(20, 30, title, "tl-head"))
    parts.append(text_at(20, 152, foot, "tl-dim"))
    return Picture(parts, title, description, 40 + len(boxes) * (each + gap) - gap, 170).svg()


# ---- one for each lesson ----------------------------------------------------------------------------------------------------------------


def objects() -> str:
    messages = (
        ("user", "What is the capital of France?"),
        ("assistant", "The capital of France is Paris."),
        ("user", "What is its population?"),
    )
    parts = [text_at(24, 32, "thread: keeps the conversation", "tl-head"), text_at(560, 32, "assistant: says who answers", "tl-head")]
    parts.append(box(20, 44, 320, 168, "tl-lane", 8))
    for number, (role, text) in enumerate(messages):
        parts.append(box(34, 56 + number * 50, 292, 40, "tl-box", 8))
        parts.append(text_at(46, 72 + number * 50, f"message, {role}", "tl-name"))
        parts.append(text_at(46, 89 + number * 50, text))
    parts += [box(560, 44, 220, 168, "tl-lane", 8), text_at(576, 76, "model", "tl-strong"), text_at(576, 98, "instructions", "tl-strong")]
    parts += [text_at(576, 120, "tools", "tl-strong"), text_at(576, 160, "no conversation", "tl-dim")]
    parts += [
        box(388, 84, 124, 66, "tl-lit", 8),
        text_at(450, 112, "run", "tl-middle tl-strong"),
        text_at(450, 134, "once", "tl-middle tl-dim"),
    ]
    parts += [arrow(344, 104, 384), path("M384 134H346m6 -4l-6 4l6 4", "tl-go"), path("M516 117H556", "tl-go")]
    parts += [text_at(346, 78, "reads", "tl-name"), text_at(346, 168, "adds a message", "tl-name")]
    description = "A thread with three messages on the left, an assistant with model, instructions and tools on the right. "
    description += "A run between them reads the thread, asks the assistant once, and adds a message."
    return Picture(parts, "Four objects", description, 800, 230).svg()


def _a_turn(client: Any, thread_id: str, assistant_id: str, text: str) -> Any:
    client.beta.threads.messages.create(thread_id, role="user", content=text)
    return client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)


def _thread(texts: Sequence[str], title: str, scenario: str = "") -> str:
    with Service(scenario=scenario) as service, service.time():
        client = service.client()
        thread_id, assistant_id = client.beta.threads.create().id, client.beta.assistants.create(model="gpt-4o").id
        for text in texts:
            _a_turn(client, thread_id, assistant_id, text)
        return ThreadView(client, thread_id, title).picture().svg()


def three_processes() -> str:
    return _thread(["What is the capital of France?", "What is its population?", "And Italy?"], "One conversation, three runs")


def three_replies() -> str:
    return _thread(["What is the capital of Peru?"], "One question, one run, three replies", "replies:3")


def life() -> str:
    return RunLife().picture().svg()


def _setup(client: Any) -> Any:
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Portugal?"}])
    return thread.id, client.beta.assistants.create(model="gpt-4o").id


def lost_reply() -> str:
    def send(client: Any, thread_id: str, assistant_id: str) -> str:
        client.beta.threads.messages.create(thread_id, role="user", content="What is its population?")
        return "confirmed"

    world = World(_setup, scenario="reply_lost@createMessage#1")
    return Timeline(trial(send, CLIENT, *world.given, world=world), "One call and one lost reply").svg()


def queues() -> str:
    """When the runs of three queues start: sixty turns, thirty a minute."""
    every, works = 60 / 29, 3.4
    bucket = [0.0] * 29 + [every * number for number in range(1, 32)]
    ways = [("one by one", [works * n for n in range(60)]), ("evenly", [every * n for n in range(60)]), ("as room is", bucket)]
    rows = [Asked(name, tuple(at), at[-1] + works) for name, at in ways]
    return axes(rows, title="When the runs of three queues start: sixty turns, thirty a minute", ticks="runs").svg()


def cost() -> str:
    return CostMeter().picture().svg()


def removal() -> str:
    description = "Ask the five questions, copy what must not be lost, delete the thread, then record both in one commit. "
    return chain(
        "The order of a removal",
        f"{description}A job that is killed anywhere is run again and finds what was done.",
        (("ask", "due? held? busy?"), ("archive", "committed"), ("delete", "404: already"), ("record", "row + audit line")),
        "Killed anywhere, it is simply run again.",
    )


def tools() -> str:
    tool = {"type": "function", "function": {"name": "get_capital", "parameters": {"type": "object", "properties": {}}}}
    with Service() as service, service.time():
        client = service.client()
        thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is the capital of Norway?"}])
        assistant = client.beta.assistants.create(model="gpt-4o", tools=[tool])  # type: ignore[list-item]
        run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
        assert run.required_action is not None
        outputs = [{"tool_call_id": call.id, "output": "Oslo"} for call in run.required_action.submit_tool_outputs.tool_calls]
        client.beta.threads.runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread.id, tool_outputs=outputs)  # type: ignore[arg-type]
        return RunLife(service.journal, "A run that asked for a tool").picture().svg()


def broken_stream() -> str:
    def listen(client: Any, thread_id: str, assistant_id: str, on_text: Any) -> str:
        run_id, drawn = "", ""
        try:
            for event in client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True):
                if event.event == "thread.run.created":
                    run_id = event.data.id
                elif event.event == "thread.message.delta":
                    on_text(event.data.delta.content[0].text.value)
                    drawn += event.data.delta.content[0].text.value
        except openai.APIConnectionError:
            time.sleep(1)
        run = client.beta.threads.runs.poll(run_id, thread_id=thread_id)
        on_text(answer_of(client, run).removeprefix(drawn))
        return str(run.status)

    world = World(_setup, scenario="stream_cut:9@createRun#1")
    return Timeline(trial(listen, CLIENT, *world.given, ON_TEXT, world=world), "A stream that breaks, and the rest by retrieving").svg()


def replaced() -> str:
    pairs = (
        ("assistant", "your own code"),
        ("thread", "conversation"),
        ("message", "item"),
        ("run", "response"),
        ("run step", "output item"),
    )
    parts = [text_at(24, 30, "Assistants API", "tl-head"), text_at(330, 30, "now", "tl-head")]
    for number, (old, new) in enumerate(pairs):
        y = 44 + number * 46
        parts += [box(20, y, 200, 34, "tl-box", 8), text_at(120, y + 22, old, "tl-middle"), arrow(226, y + 17, 322)]
        parts += [box(328, y, 220, 34, "tl-lit", 8), text_at(438, y + 22, new, "tl-middle tl-strong")]
    description = ", ".join(f"{old} becomes {new}" for old, new in pairs)
    return Picture(parts, "What replaced what", f"What replaced what: {description}.", 570, 290).svg()


def row() -> str:
    description = "A turn as a row that fills up from left to right: ticket, message id, run id, answer. "
    return chain(
        "A turn is a row that fills up",
        f"{description}Each step looks first, creates what is missing, and commits its column.",
        (("ticket", "before anything waits"), ("message_id", "look, or send"), ("run_id", "look, or start"), ("answer", "wait, read")),
        "Each step: look; create what is missing; commit. A restart is nothing special.",
    )


def strategies() -> str:
    """Four lines of time: the first turn, the second, and what is left of the first."""
    runs_by_strategy = {
        "reject": ((0, 10, "answered"),),
        "enqueue": ((0, 10, "answered"), (10, 20, "answered")),
        "interrupt": ((0, 3, "stopped"), (4, 14, "answered, reads both")),
        "roll back": ((0, 3, "removed"), (4, 14, "answered, reads one")),
    }
    parts = [text_at(24, 30, "The second message comes after three seconds; a run works for ten", "tl-head")]
    for number, (name, runs) in enumerate(runs_by_strategy.items()):
        y = 52 + number * 48
        parts.append(text_at(24, y + 21, name, "tl-strong"))
        for begin, end, text in runs:
            x, wide = 130 + begin * 28, (end - begin) * 28
            kind = "tl-lit" if end - begin == 10 else "tl-box"
            parts += [box(x, y, wide, 32, kind, 6), text_at(x + 8, y + 21, text, "tl-name")]
        parts.append(path(f"M{130 + 3 * 28} {y - 6}v44", "tl-bad" if name == "reject" else "tl-good"))
    foot = "Upright line: the second message (red: refused). The first bar of a line is the first run."
    parts.append(text_at(24, 262, foot, "tl-dim"))
    description = (
        "Reject and enqueue let the first run work to its end; interrupt and roll back stop it after three seconds, and another follows."
    )
    return Picture(parts, "Four strategies", description, 730, 280).svg()


DRAWN: dict[str, Callable[[], str]] = {
    "00-objects": objects,
    "01-three-processes": three_processes,
    "02-three-replies": three_replies,
    "03-life-of-a-run": life,
    "05-lost-reply": lost_reply,
    "06-queues": queues,
    "07-cost": cost,
    "08-removal": removal,
    "09-tools": tools,
    "10-broken-stream": broken_stream,
    "11-replaced": replaced,
    "12-row": row,
    "13-strategies": strategies,
}


def draw(folder: Path = FOLDER) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, make in DRAWN.items():
            (folder / f"{name}.svg").write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    draw()
