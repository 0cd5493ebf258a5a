"""Exercise `tool-loop`: a turn in which the assistant asks for tools, and the record from which the turn can be told again."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from autograder.checks.seen import before_its_message, of_another_assistant, sent, short
from autograder.checks.tool_scenes import (
    EARLIER,
    FAILING,
    LOST,
    MISSING,
    NO_TOOL,
    SILENT_TABLE,
    SLOW_TABLE,
    SUBMIT,
    TABLE_AND_TAXI,
    THREE_TABLES,
    Rounds,
    again,
    args,
    closed,
    world,
)
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence, ending_of
from threadlab.engine.journal import Entry, ToolUsed
from threadlab.trials.trial import Evidence
from threadlab.wire import assistants as o

# ---- what the journal and the table show -------------------------------------------------------------------------------------------------


class Item(NamedTuple):
    """One thing that happened in a run, by its steps: a tool call, or a message of the assistant."""

    item_id: str
    step_id: str
    kind: str
    name: str | None
    arguments: str | None
    text: str | None


def _run(evidence: Evidence) -> o.Run | None:
    runs = evidence.runs(evidence.given["thread_id"])
    return runs[0] if runs else None


def _items(evidence: Evidence) -> list[Item]:
    """What happened in the run, in order, by the service's own record."""
    run = _run(evidence)
    texts = {message.id: message.text for message in evidence.messages(evidence.given["thread_id"])}
    result: list[Item] = []
    for step in evidence.run_steps(run.id) if run is not None else []:
        details = step.step_details
        if isinstance(details, o.MessageCreation):
            message_id = details.message_creation.message_id
            result.append(Item(message_id, step.id, "message", None, None, texts.get(message_id)))
        else:
            calls = [one for one in details.tool_calls if isinstance(one, o.FunctionStepCall)]
            result += [Item(one.id, step.id, "tool_call", one.function.name, one.function.arguments, one.function.output) for one in calls]
    return result


def _calls(evidence: Evidence) -> list[Item]:
    return [one for one in _items(evidence) if one.kind == "tool_call"]


def _used(evidence: Evidence) -> list[ToolUsed]:
    """Every time that a tool ran."""
    return [one for one in evidence.journal if isinstance(one, ToolUsed)]


def _ran(evidence: Evidence, call: Item) -> list[ToolUsed]:
    """How often the tool ran for this call. (No scene has two calls that are alike.)"""
    arguments = json.loads(call.arguments or "{}")
    return [one for one in _used(evidence) if one.tool == call.name and one.arguments == arguments]


def _said(evidence: Evidence, call: Item) -> str | None:
    """What the tool answered to this call the first time; None if it failed or never ran."""
    return next((one.output for one in _ran(evidence, call)), None)


def _waits(evidence: Evidence) -> list[Entry]:
    """Every time that the run asked for outputs."""
    return [one for one in evidence.journal if one.what == "run" and one.state == "requires_action"]


def _rows(evidence: Evidence) -> list[dict[str, Any]]:
    return evidence.tables.get("turn_audit", [])


def _shown(call: Item) -> str:
    return f"{call.name}({call.arguments})"


def _ended_badly(evidence: Evidence) -> str | None:
    """Why the turn did not come to its end, naming the request that it stumbled over."""
    refused = [one for one in evidence.requests(SUBMIT, ok=False) if one.status == 400]
    lost = [one for one in evidence.journal if one.what == "lost"]
    if evidence.ending.how == "raised" and evidence.ending.type == "BadRequestError" and refused and lost:
        first = evidence.line(lost[0])
        return Sentence(
            "outputs_had_arrived_about_second",
            f"{first}: the outputs had arrived. {evidence.line(refused[-1])} is about the second submission, and it ended the turn.",
        )
    return ending_of(evidence)


def _turn(evidence: Evidence) -> str | None:
    """What is wrong with the turn as a whole: one message, one run, its answer."""
    thread_id = evidence.given["thread_id"]
    posted = [one for one in evidence.messages(thread_id)[evidence.given["earlier"] :] if one.role == "user"]
    if [one.text for one in posted] != [evidence.given["text"]]:
        return Sentence(
            "user_s_messages_thread_are",
            f"the user's messages on the thread are {short([one.text for one in posted])}; one was expected, with the text that was given.",
        )
    runs = evidence.runs(thread_id)
    if len(runs) != 1:
        made = evidence.requests("createRun", ok=True)
        return (
            Sentence("runs_made_one_turn_last", f"{len(runs)} runs were made for one turn; the last: {evidence.line(made[-1])}.")
            if made
            else Sentence("no_run_made", "no run was made.")
        )
    started = evidence.requests("createRun", ok=True)
    if wrong := of_another_assistant(evidence, started) or before_its_message(evidence, started, evidence.given["text"]):
        return wrong
    if runs[0].status != "completed":
        return Sentence("run_returned", f"the run is {runs[0].status}, and it returned {short(evidence.value)}.")
    wrote = [one.text for one in evidence.messages(thread_id) if one.run_id == runs[0].id and one.role == "assistant"]
    if isinstance(evidence.value, str) and evidence.value.strip() == "\n".join(wrote).strip():
        return None
    if evidence.value is not None and not isinstance(evidence.value, str):
        what = "a list" if isinstance(evidence.value, list) else short(evidence.value)
        return Sentence(
            "returned_not_one_text", f"it returned {what}, not a string: join the texts of the run's {len(wrote)} messages by a newline."
        )
    if evidence.value in wrote:
        return Sentence(
            "run_wrote_messages_returned_only",
            f"the run wrote {len(wrote)} messages, and it returned only number {wrote.index(evidence.value) + 1} of them.",
        )
    if isinstance(evidence.value, str) and all(text in evidence.value for text in wrote):
        wanted = " (oldest first, joined by a newline)" if len(wrote) > 1 else ""
        return Sentence(
            "returned_run_wrote_but_not",
            f"it returned {short(evidence.value)}: all that the run wrote is in there, but not that alone, or not as asked{wanted}.",
        )
    missing = next((text for text in wrote if text not in str(evidence.value)), "")
    return Sentence(
        "returned_run_wrote_messages_one",
        f"it returned {short(evidence.value)}; the run wrote {len(wrote)} messages, and one that is missing is {short(missing)}.",
    )


def answers(evidence: Evidence) -> Found:
    if not evidence.requests():
        return Occasion.NONE
    wrong = ending_of(evidence) or _turn(evidence)
    return (_incomplete(evidence) or wrong) if wrong else None


def _incomplete(evidence: Evidence) -> str | None:
    """That outputs were submitted one by one."""
    wrong = [one for one in evidence.requests(SUBMIT, ok=False) if "Expected tool outputs" in one.error]
    if not wrong:
        return None
    return Sentence(
        "run_waits_outputs_one_request",
        f"the run waits for all outputs in one request, and was sent others: {evidence.line(wrong[0])}.",
    )


def submits_all_together(evidence: Evidence) -> Found:
    if wrong := _incomplete(evidence):
        return wrong
    taken = evidence.requests(SUBMIT, ok=True)
    if not taken:
        waits = _waits(evidence)
        return (
            Sentence("no_outputs_accepted", f"{evidence.line(waits[0])}, and no outputs were accepted from it.") if waits else Occasion.NONE
        )
    return _other_outputs(evidence) or ending_of(evidence)


def _other_outputs(evidence: Evidence) -> str | None:
    """That what was taken for a call is not what its tool said, or that no tool ran for it."""
    for call in _calls(evidence):
        said = _said(evidence, call)
        if said is None:
            return Sentence("run_asked_tool_did_not", f"the run asked for {_shown(call)}, and that tool did not run with these arguments.")
        if said not in (call.text or ""):
            return Sentence(
                "output_tool_had_answered", f"the output for {_shown(call)} is {short(call.text)}; the tool had answered {short(said)}."
            )
    return None


def goes_on_round_after_round(evidence: Evidence) -> Found:
    if wrong := _incomplete(evidence):
        return wrong
    taken = evidence.requests(SUBMIT, ok=True)
    if not taken:
        return Occasion.NONE
    waits = _waits(evidence)
    if len(waits) > len(taken):
        return Sentence(
            "run_asked_second_time_got",
            f"the run asked again, {evidence.line(waits[len(taken)])}, and got nothing: requires_action may come again and again.",
        )
    return ending_of(evidence) or _turn(evidence)


def each_call_runs_once(evidence: Evidence) -> Found:
    if not sent(evidence, (SUBMIT,)):
        return Occasion.NONE
    for call in _calls(evidence):
        ran = _ran(evidence, call)
        if len(ran) > 1:
            return Sentence(
                "ran_times_two_tables_are",
                f"{_shown(call)} ran {len(ran)} times: {evidence.line(ran[0])} and {evidence.line(ran[1])}. Two tables are booked. "
                "Submitting may be repeated; the tool may not.",
            )
    return _ended_badly(evidence) or _turn(evidence) or _other_outputs(evidence)


def a_failing_tool_is_an_answer(evidence: Evidence) -> Found:
    waits = _waits(evidence)
    if not waits or not (_used(evidence) or sent(evidence, (SUBMIT,))):
        return Occasion.NONE
    if evidence.ending.how == "raised" and not sent(evidence, (SUBMIT,)):
        why = f"{evidence.ending.type}: {evidence.ending.message}"
        return Sentence(
            "tool_failed_ended_turn_run",
            f"a tool failed, and that ended the turn ({why}); the run still waits, and its thread is locked. Submit what went wrong.",
        )
    if ended := ending_of(evidence):
        return _incomplete(evidence) or ended
    for call in _calls(evidence):
        ran = _ran(evidence, call)
        if len(ran) > 1:
            return Sentence(
                "failing_tool_ran_twice",
                f"{_shown(call)} ran {len(ran)} times: {evidence.line(ran[0])} and {evidence.line(ran[1])}. A call's tool runs once, "
                "even if it fails: its exception is the answer.",
            )
        if call.name != MISSING and not ran:
            return Sentence("run_asked_tool_did_not", f"the run asked for {_shown(call)}, and that tool did not run with these arguments.")
        expected = str(call.name) if call.name == MISSING else ran[0].output or ran[0].raised
        if expected not in (call.text or ""):
            return Sentence("output_should_say", f"the output for {_shown(call)} is {short(call.text)}; it should say {short(expected)}.")
    run = _run(evidence)
    return None if run is not None and run.status == "completed" else f"the run is {run.status if run else 'missing'}."


def records_before_submitting(evidence: Evidence) -> Found:
    submissions = sent(evidence, (SUBMIT,))
    if not submissions or not _used(evidence):
        return Occasion.NONE
    for entry in submissions:
        tables = [one for one in evidence.database_changes() if one.n < entry.n]
        rows = tables[-1].tables.get("turn_audit", []) if tables else []
        known = {row["item_id"]: row["text"] for row in rows}
        for call in _calls(evidence):
            ran = [one for one in _ran(evidence, call) if one.n < entry.n]
            if ran and not _on_record(ran[0], known.get(call.item_id)):
                what = "failure of" if ran[0].output is None else "answer of"
                return Sentence(
                    "came_before_committed_row_what",
                    f"{evidence.line(entry)} came before a committed row with the {what} {_shown(call)}: {evidence.line(ran[0])}.",
                )
    return None


def _on_record(ran: ToolUsed, text: str | None) -> bool:
    """Whether the `text` of a call's row has what its tool said; of a tool that raised, whether there is any."""
    return text is not None and (ran.output or "") in text


def _differs(item: Item, row: Mapping[str, Any]) -> str | None:
    """In what a row does not say what the step says."""
    for field in ("item_id", "step_id", "kind", "name", "text", "arguments"):
        if row[field] != getattr(item, field):
            return f"`{field}` is {short(row[field])}, not {short(getattr(item, field))}"
    return None


def audit_tells_the_turn(evidence: Evidence) -> Found:
    run = _run(evidence)
    if run is None or run.status != "completed":
        return Occasion.NONE
    if ended := _ended_badly(evidence):
        return ended
    items, rows = _items(evidence), [row for row in _rows(evidence) if row["run_id"] == run.id]
    placed = [row for row in rows if row["position"] is not None]
    if len({row["position"] for row in placed}) < len(placed):
        return Sentence("two_rows_have_same_position", f"two rows have the same `position`: {short([row['position'] for row in placed])}.")
    placed.sort(key=lambda row: row["position"])
    missing = [item for item in items if item.item_id not in {row["item_id"] for row in placed}]
    if missing:
        one = missing[0]
        what = f"the call {_shown(one)}" if one.kind == "tool_call" else f"the message {short(one.text)}"
        if any(row["item_id"] == one.item_id for row in rows):
            return Sentence(
                "row_has_no_position_when", f"the row of {what} has no `position`: when the run is over, its steps tell the order."
            )
        return Sentence(
            "run_s_steps_have_items",
            f"the run's steps have {len(items)} items, and turn_audit has no row of this run for {what} ({one.item_id}).",
        )
    if len(rows) > len(items):
        known = {item.item_id for item in items}
        others = short([row["item_id"] for row in rows if row["item_id"] not in known])
        return Sentence(
            "run_s_steps_have_items_2",
            f"the run's steps have {len(items)} items, and turn_audit has {len(rows)} rows for it: {others} is in none of the steps.",
        )
    for item, row in zip(items, placed, strict=True):
        if wrong := _differs(item, row):
            if item.item_id != row["item_id"]:
                order = [row["kind"] for row in placed]
                return Sentence(
                    "position_rows_come_steps_oldest",
                    f"by `position` the rows come as {order}; the steps, oldest first, as {[item.kind for item in items]}: {wrong}.",
                )
            return Sentence("row_differs_step", f"the row of {item.item_id} differs from step {item.step_id}: {wrong}.")
    return None


def says_how_the_run_ended(evidence: Evidence) -> Found:
    run = _run(evidence)
    if run is None or not _used(evidence):
        return Occasion.NONE
    if run.status not in ("expired", "failed", "incomplete"):
        return ending_of(evidence) or f"the run is {run.status}."
    if evidence.returned:
        return Sentence(
            "run_returned_if_well_raise",
            f"the run is {run.status}, and it returned {short(evidence.value)} as if all were well: raise an error.",
        )
    if len(evidence.runs(evidence.given["thread_id"])) > 1:
        return Sentence(
            "run_another_one_started_whether",
            f"the run is {run.status}, and another one was started: whether to do it all again is for the caller to decide.",
        )
    if evidence.ending.how == "halted":
        return Sentence("run", f"the run is {run.status}, and it {evidence.ending.message}.")
    message = evidence.ending.message
    if run.id not in message or run.status not in message:
        return Sentence(
            "raised_whoever_reads_needs_run",
            f"it raised {evidence.ending.type}: {short(message)}; whoever reads that needs the run's id, {run.id}, and {run.status!r}.",
        )
    twice = next((ran for call in _calls(evidence) if len(ran := _ran(evidence, call)) > 1), None)
    if twice:
        return Sentence("run_tool_ran_second_time", f"the run is {run.status}, and a tool ran a second time: {evidence.line(twice[1])}.")
    texts = {row["item_id"]: str(row["text"]) for row in _rows(evidence)}
    for call in _calls(evidence):
        said = _said(evidence, call)
        if said is not None and said not in texts.get(call.item_id, ""):
            return Sentence(
                "ran_run_nothing_but_turn",
                f"{_shown(call)} ran and the run is {run.status}: nothing but turn_audit could tell what the tool did, and it does not.",
            )
    return None


EXERCISE = Exercise(
    slug="tool-loop",
    parts=(
        Part(
            "tool_loop",
            (
                Behaviour(
                    "answers",
                    2,
                    "One message, one run, and what the run wrote is returned, with tools and without.",
                    answers,
                    ("two calls", "no call"),
                    any_ending=True,
                ),
                Behaviour(
                    "submits_all_together",
                    3,
                    "The outputs of all calls go into one request, each under the id of its own call.",
                    submits_all_together,
                    ("two calls",),
                    any_ending=True,
                ),
                Behaviour(
                    "goes_on_round_after_round",
                    2,
                    "When the run asks for tools again, it gets them again.",
                    goes_on_round_after_round,
                    ("round after round",),
                    any_ending=True,
                ),
                Behaviour(
                    "each_call_runs_once",
                    4,
                    "Each call's tool runs once, however often its output has to be submitted.",
                    each_call_runs_once,
                    LOST,
                    any_ending=True,
                ),
                Behaviour(
                    "a_failing_tool_is_an_answer",
                    2,
                    "A tool that fails, or that there is not, gets an output that says so, and the run goes on.",
                    a_failing_tool_is_an_answer,
                    FAILING,
                    any_ending=True,
                ),
                Behaviour(
                    "records_before_submitting",
                    2,
                    "What a tool has answered is committed before it is submitted.",
                    records_before_submitting,
                    ("two calls", "round after round", "a tool fails"),
                    any_ending=True,
                ),
                Behaviour(
                    "audit_tells_the_turn",
                    4,
                    "Afterwards the audit has what the run's steps have, in their order.",
                    audit_tells_the_turn,
                    (
                        "two calls",
                        "no call",
                        "round after round",
                        "reply to the outputs lost",
                        "outputs not taken",
                        *FAILING,
                    ),
                    any_ending=True,
                ),
                Behaviour(
                    "says_how_the_run_ended",
                    2,
                    "A run that expires, fails or stops incomplete is an error that names it, and what its tools did is on record.",
                    says_how_the_run_ended,
                    ("expired", "failed", "incomplete"),
                    any_ending=True,
                ),
            ),
            (
                Scene("two calls", again("replies:2"), args()),
                Scene("no call", world("replies:2@createRun queued:30@createRun slow:60@createRun", NO_TOOL, EARLIER), args()),
                Scene("round after round", world(responder=Rounds()), args()),
                Scene("reply to the outputs lost", again("reply_lost"), args()),
                Scene("outputs taken, 500 said", again("500_after"), args()),
                Scene("outputs not taken", world(f"500@{SUBMIT}#1-3"), args(SILENT_TABLE)),
                Scene("outputs lost on their way", world(f"request_lost@{SUBMIT}#1-3"), args()),
                Scene("no reply comes", world(f"reply_silent@{SUBMIT}#1"), args()),
                Scene("a tool fails", world(), args(closed(Porto="BookingError"))),
                Scene(
                    "all tools fail",
                    world(text=THREE_TABLES),
                    args(closed(Lisbon="KeyError", Porto="TypeError", Madrid="TimeoutError")),
                ),
                Scene("no such tool", world(text=TABLE_AND_TAXI), args()),
                Scene("expired", world(), args(SLOW_TABLE)),
                Scene("failed", world(f"run_failed@{SUBMIT}#1"), args()),
                Scene("incomplete", world(f"run_incomplete@{SUBMIT}#1"), args()),
            ),
            promises={
                "with tools and without, with earlier turns on the thread and with none": ("two calls", "no call"),
                "all outputs in one request, in each round, each under its call's id": ("two calls", "round after round"),
                "requires_action may come several times in one run": ("round after round",),
                "once, whether the outputs arrived or not, and however the reply was lost": LOST,
                "a tool may answer with an empty string": ("outputs not taken",),
                "a tool that raises, whatever the exception's class, and a name that is not in tools": FAILING,
                "recorded before it is submitted, in each round, what a tool that failed has said too": (
                    "two calls",
                    "round after round",
                    "a tool fails",
                ),
                "the audit is what the steps say, with several calls, messages and rounds": (
                    "two calls",
                    "no call",
                    "round after round",
                    "reply to the outputs lost",
                    "outputs not taken",
                    *FAILING,
                ),
                "every other end is an error": ("expired", "failed", "incomplete"),
            },
        ),
    ),
    hints=(
        "After a submission without a reply there are two possibilities. How do you find out which? And what must you keep to be ready for "
        "both, without running a tool again?",
        "Loop: wait until the run ends or is `requires_action`; for each call that is wanted, look up your own row by the call's id, and "
        "only without one run the tool, write the row and commit; submit all outputs at once; however that ended, look at the run "
        "again. When it is over, go through its steps, oldest first, and give every row its step and position.",
        "while True:\n"
        "    run = client.beta.threads.runs.poll(run.id, thread_id=thread_id)\n"
        "    if run.status != 'requires_action': break\n"
        "    wanted = run.required_action.submit_tool_outputs.tool_calls\n"
        "    outputs = [{'tool_call_id': one.id, 'output': output_of(one)} for one in wanted]   # from the row, or from the tool\n"
        "    try: client.beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)\n"
        "    except (openai.APIConnectionError, openai.InternalServerError, openai.BadRequestError): ... count, pause, look again ...",
    ),
)
