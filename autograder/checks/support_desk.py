"""Exercise `support-desk`: many customers at once, through storms of faults and the death of the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openai import OpenAI

from autograder.checks.desk_seen import (
    AFTERWARDS,
    AT_ONCE,
    HISTORY,
    LAST_IS_LATE,
    TICKETS,
    answer_of,
    begun,
    conversations,
    handed_back,
    handed_in,
    posted_by,
    restarted,
    runs_by_message,
    tickets,
    turns,
)
from autograder.checks.seen import MOMENT, cited, of_another_assistant, short, threads
from autograder.checks.seen import runs as runs_made
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from courseware import DB
from threadlab.engine.journal import DatabaseChanged, Entry, Executed, Sent, TurnMarked
from threadlab.trials.api_family import THREADS
from threadlab.trials.host import KillPoint, Limits
from threadlab.trials.trial import ASYNC_CLIENT, Evidence, World
from threadlab.wire.assistants import Message, Run

MOST_TOKENS = 200
"""What a run may read."""
MOST_REQUESTS = 40
"""Requests for each ticket, on average."""
_LOST_THE_THREAD = "Which country do you mean?"
"""What the scripted expert says to a question that means something only after the one before, when it has not read that one."""
_LIMITS = Limits(requests=2 * MOST_REQUESTS * len(TICKETS), polls=200)


def _desk(client: OpenAI) -> dict[str, Any]:
    """An assistant, a customer who has been here before, and one who has only been to another desk."""
    assistant = client.beta.assistants.create(model="gpt-4o", name="Geography expert", instructions="Answer in one sentence.")
    countries = ("France", "Italy", "Spain", "Greece")
    said = [
        {"role": ("user", "assistant")[n % 2], "content": f"({n + 1}) We spoke of {countries[n // 2 % 4]} before."} for n in range(HISTORY)
    ]
    said[6]["content"] = TICKETS[-1][2]  # asked in a ticket, too: words alone do not tell whether that one has been posted
    thread = client.beta.threads.create(messages=said, metadata={"user_id": "ada"})  # type: ignore[arg-type]
    orders = client.beta.threads.create(messages=[{"role": "user", "content": "My order has not come yet."}])
    return {"assistant_id": assistant.id, "thread_id": thread.id, "orders_id": orders.id}


def _one_late(client: OpenAI) -> dict[str, Any]:
    return {**_desk(client), "late": LATE}


def _args(given: dict[str, Any]) -> list[Any]:
    here = {"user_id": "ada", "purpose": "support", "thread_id": given["thread_id"]}
    elsewhere = {"user_id": "ben", "purpose": "orders", "thread_id": given["orders_id"]}
    rows = {"conversations": [here, elsewhere]}
    return [ASYNC_CLIENT, {**DB, "rows": rows}, given["assistant_id"]]


_KWARGS = {"tickets": [list(one) for one in AT_ONCE], "again": [list(TICKETS[0])]}
LATE = 1.0
"""Seconds after which the last ticket comes in a scene of its own: the runs of the others are at work, and nothing else happens."""
_ONE_LATE = {"tickets": [list(one) for one in LAST_IS_LATE], "again": [list(AFTERWARDS)], "late": LATE}
_ONE_TICKET = {"tickets": [list(TICKETS[0])], "again": []}


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def every_message_once(evidence: Evidence) -> Found:
    if not begun(evidence):
        return _raised_at_once(evidence) if evidence.given.get("late") else Occasion.NONE
    of = conversations(evidence)
    if of.get("ada") != evidence.given["thread_id"]:
        return Sentence(
            "ada_already_table_now_says",
            f"ada was on {evidence.given['thread_id']} already, and the table now says {short(of.get('ada'))}.",
        )
    if evidence.given["orders_id"] in of.values():
        return Sentence("thread_of_another_desk", f"the thread of ben's row under the purpose orders is used for support: {short(of)}.")
    for user_id in dict.fromkeys(one[1] for one in TICKETS):
        wanted = [text for _, user, text in tickets(evidence) if user == user_id]
        if user_id not in of:
            return Sentence("table_conversations_has_no_thread", f"the table of conversations has no thread for {user_id}.")
        got = [one.text for one in posted_by(evidence, user_id)]
        if got != wanted:
            return Sentence(
                "asked_thread", f"{user_id} asked {wanted}, and on the thread of {user_id} is {got}: {_difference(wanted, got)}."
            )
    made = evidence.requests("createThread", ok=True)
    if evidence.given.get("late") and len(made) > len(of) - 1:  # ada has hers already, and no reply is lost here
        return Sentence(
            "more_threads_than_customers", f"{len(of) - 1} customers had no thread, and {len(made)} were made: {cited(evidence, made)}."
        )
    strays = [one for thread_id in threads(evidence) if thread_id not in of.values() for one in evidence.messages(thread_id)]
    return (
        Sentence("which_nobody_s_conversation", f"“{strays[0].text}” is on {strays[0].thread_id}, which is nobody's conversation.")
        if strays
        else None
    )


def _difference(wanted: list[str], got: list[str]) -> str:
    lost, more = Counter(wanted) - Counter(got), Counter(got) - Counter(wanted)
    if lost:
        return f"“{next(iter(lost))}” is missing"
    return f"“{next(iter(more))}” is there once too often" if more else "they are in another order"


def _raised_at_once(evidence: Evidence) -> Found:
    """What ended every call of handle before a run was started; that a broken session was used again is no cause."""
    calls = zip(handed_in(evidence), handed_back(evidence), strict=False)
    raised = [(ticket, one) for ticket, one in calls if isinstance(one, dict) and "raised" in one]
    if not raised:
        return Occasion.NONE
    ticket, one = next(((ticket, one) for ticket, one in raised if one["raised"] != "PendingRollbackError"), raised[0])
    call = f"handle({ticket[0]!r}, {ticket[1]!r}, {ticket[2]!r})"
    return Sentence("handle_raised_at_once", f"no run was started: {call} raised {one['raised']}: {one['message']}")


def answers_everybody(evidence: Evidence) -> Found:
    if not begun(evidence):
        return _raised_at_once(evidence)
    runs = runs_by_message(evidence)
    messages = {ticket[0]: message for ticket, message in turns(evidence)}
    for ticket, value in zip(handed_in(evidence), handed_back(evidence), strict=False):
        call = f"handle({ticket[0]!r}, {ticket[1]!r}, {ticket[2]!r})"
        if isinstance(value, dict) and "raised" in value:
            return f"{call} raised {value['raised']}: {value['message']}"
        message = messages[ticket[0]]
        done = [run for run in runs.get(message.id, []) if run.status == "completed"] if message else []
        if not done and isinstance(wrong := every_message_once(evidence), str):
            return wrong
        if not done:
            return Sentence(
                "no_run_has_answered_ticket", f"no run has answered ticket {ticket[0]}, “{ticket[2]}”, and {call} returned {short(value)}."
            )
        if not isinstance(value, str) or value.strip() not in {answer_of(evidence, run).strip() for run in done}:
            return Sentence(
                "returned_run_ticket_wrote",
                f"{call} returned {short(value)}; the run for this ticket wrote {short(answer_of(evidence, done[-1]))}.",
            )
        if _LOST_THE_THREAD in value:
            return Sentence(
                "returned_run_read_too_little",
                f"{call} returned {short(value)}: its run read too little of what was said before; the last ten messages are enough.",
            )
    return of_another_assistant(evidence, runs_made(evidence)) or _not_in_its_row(evidence, messages, runs)


def _not_in_its_row(evidence: Evidence, messages: Mapping[str, Message | None], runs: Mapping[str, Sequence[Run]]) -> str | None:
    """That the row of an answered ticket has another answer than the run for it wrote; None if none has."""
    rows = {row["ticket_id"]: row for row in evidence.tables.get("tickets", [])}
    for ticket_id, message in messages.items():
        wrote = {answer_of(evidence, run).strip() for run in runs.get(message.id, []) if run.status == "completed"} if message else set()
        kept = rows.get(ticket_id, {}).get("answer")
        if wrote and (not isinstance(kept, str) or kept.strip() not in wrote):
            return Sentence(
                "answer_in_row",
                f"the answer in the row of ticket {ticket_id} is {short(kept)}; the run for it wrote {short(min(wrote))}.",
            )
    return None


def one_at_a_time_on_a_thread(evidence: Evidence) -> Found:
    refused = [entry for entry in evidence.requests(ok=False) if "active" in entry.error]
    if refused:
        return Sentence(
            "thread_locked_run_something_sent",
            f"the thread was locked by a run, and something was sent all the same: {evidence.line(refused[0])}.",
        )
    return None if begun(evidence) else Occasion.NONE


def customers_do_not_wait(evidence: Evidence) -> Found:
    """Judged in the plain order, in which no request is held back."""
    if any(evidence.order) or not begun(evidence):
        return Occasion.NONE
    ended = next((entry for entry in evidence.journal if entry.what == "run" and entry.state == "completed"), None)
    first: dict[str, Entry] = {}
    for entry in evidence.requests(ok=True):
        if entry.operation in THREADS.makers and entry.thread_id:
            first.setdefault(entry.thread_id, entry)
    if ended is None:
        return Occasion.NONE
    customers, early = len({one[1] for one in TICKETS}), [one for one in first.values() if one.at <= ended.at]
    if len(early) < customers:
        late = next((f": {evidence.line(one)}" for one in first.values() if one.at > ended.at), "")
        return Sentence(
            "when_first_run_ended_customers",
            f"when the first run of all ended ({evidence.line(ended)}), {len(early)} of {customers} customers had one{late}.",
        )
    return None


def _posted_before_its_row(evidence: Evidence) -> str | None:
    """A ticket's text that was sent to a thread when no committed row of `conversations` said whose that is."""
    rows: set[str] = set()
    rows_when_sent: dict[int | None, set[str]] = {}
    for entry in evidence.journal:
        if isinstance(entry, DatabaseChanged):
            rows = {row["thread_id"] for row in entry.tables.get("conversations", [])}
        if isinstance(entry, Sent) and any(text in entry.texts for _, _, text in TICKETS):
            rows_when_sent[entry.request] = rows
        if isinstance(entry, Executed) and entry.thread_id and entry.thread_id not in rows_when_sent.get(entry.request, {entry.thread_id}):
            return Sentence(
                "posted_before_its_row",
                f"{evidence.line(entry)} was sent before the thread's row was committed to conversations: after a crash nobody would know "
                "whose words these are.",
            )
    return None


def written_down_at_once(evidence: Evidence) -> Found:
    ended = next((entry for entry in evidence.journal if entry.what == "run" and entry.state == "completed"), None)
    if ended is None:
        return Occasion.NONE
    known: set[str] = set()
    if wrong := _posted_before_its_row(evidence):
        return wrong
    for entry in evidence.journal:
        if entry is ended:
            break
        if isinstance(entry, DatabaseChanged):
            known = {row["ticket_id"] for row in entry.tables.get("tickets", [])}
        if isinstance(entry, Sent) and (texts := entry.texts):
            early = [one for one in TICKETS if one[2] in texts]
            if early and not any(one[0] in known for one in early):
                return Sentence(
                    "sent_before_ticket_table_crash",
                    f"{evidence.line(entry)} was sent before its ticket was in the table: a crash now, and nobody knows of it.",
                )
    if wrong := _late_ticket_not_written(evidence):
        return wrong
    missing = [ticket_id for ticket_id, *_ in TICKETS if ticket_id not in known]
    if missing:
        return Sentence(
            "ticket_not_table_yet_what",
            f"at {evidence.line(ended)} ticket {missing[0]} was not in the table yet: what is only in memory dies with the process.",
        )
    return None


def _late_ticket_not_written(evidence: Evidence) -> str | None:
    """That the ticket which came later was not committed at that moment; None if it was, or if none came later."""
    handed_in = next((entry.at for entry in evidence.journal if isinstance(entry, TurnMarked) and entry.operation == "resumed"), None)
    if handed_in is None or not evidence.given.get("late"):
        return None
    ticket_id, moment = TICKETS[-1][0], handed_in + LATE + MOMENT
    written = (row["ticket_id"] for one in evidence.database_changes() if one.at <= moment for row in one.tables.get("tickets", []))
    if ticket_id in written:
        return None
    return Sentence(
        "late_ticket_not_in_table",
        f"ticket {ticket_id} came at {handed_in + LATE - evidence.start:.2f} s, while others were at work, and was not committed to the "
        "table at once: what waits in memory dies with the process.",
    )


def within_budget(evidence: Evidence) -> Found:
    if not begun(evidence):
        return Occasion.NONE
    for message_id, several in runs_by_message(evidence).items():
        for run in several:
            if run.usage is not None and run.usage.prompt_tokens > MOST_TOKENS:
                last = run.truncation_strategy.last_messages
                why = f"the last {last} messages are too many" if last else "a run reads the whole thread unless told otherwise"
                return Sentence(
                    "read_tokens_are_allowed_run",
                    f"{run.id} read {run.usage.prompt_tokens} tokens, and {MOST_TOKENS} are allowed: {why}.",
                )
        done = [run.id for run in several if run.status == "completed"]
        if len(done) > 1:
            return Sentence(
                "answered_times_each_run_costs", f"{message_id} was answered {len(done)} times ({', '.join(done)}): each run costs."
            )
    sent = [entry for entry in evidence.journal if entry.what == "sent"]
    count = len(tickets(evidence))
    if len(sent) > MOST_REQUESTS * count:
        return Sentence(
            "requests_tickets_ticket_are_allowed", f"{len(sent)} requests for {count} tickets; {MOST_REQUESTS} a ticket are allowed."
        )
    return None


def audit_reconstructs_every_turn(evidence: Evidence) -> Found:
    if not begun(evidence):
        return Occasion.NONE
    if changed := _line_changed(evidence):
        return changed
    if isinstance(wrong := every_message_once(evidence), str):
        return wrong
    runs = runs_by_message(evidence)
    for (ticket_id, *_), message in turns(evidence):
        assert message is not None  # each is where it should be
        lines = [row for row in evidence.tables.get("ticket_audit", []) if row["ticket_id"] == ticket_id]
        several = runs.get(message.id, [])
        done = [run for run in several if run.status == "completed"]
        replies = [one.id for one in evidence.messages(message.thread_id) if done and one.run_id == done[-1].id]
        wanted = [("confirm", message.id), *(("run", run.id) for run in several), *(("read", reply) for reply in replies)]
        got = [(row["step"], row["object_id"]) for row in lines]
        if got != wanted:
            return f"ticket {ticket_id}: {_wrong_line(wanted, got)}."
    return None


def _line_changed(evidence: Evidence) -> str | None:
    """That a committed line of the audit was changed or removed; None if all stayed as they were."""
    before: list[dict[str, Any]] = []
    for change in evidence.database_changes():
        now = change.tables.get("ticket_audit", [])
        if now[: len(before)] != before:
            return Sentence("audit_line_changed", f"lines of the audit are added, never changed, and one was: {evidence.line(change)}.")
        before = now
    return None


def _wrong_line(wanted: list[tuple[str, str]], got: list[tuple[str, str]]) -> str:
    twice = [one for one, count in Counter(got).items() if count > 1]
    if twice:
        return f"the audit says “{' '.join(twice[0])}” {got.count(twice[0])} times, and it happened once"
    missing, false = [one for one in wanted if one not in got], [one for one in got if one not in wanted]
    if missing and len(got) == len(wanted) and false:
        return f"the audit says “{' '.join(false[0])}” where “{' '.join(missing[0])}” was due"
    if missing:
        lines = f"{len(got)} line{'' if len(got) == 1 else 's'}, and {len(wanted)} {'was' if len(wanted) == 1 else 'were'} due"
        return f"the audit does not have “{' '.join(missing[0])}”; it has {lines}"
    return f"the audit says “{' '.join(false[0])}”, which is not so" if false else "the lines are not in the order in which it happened"


def resumes_what_it_owes(evidence: Evidence) -> Found:
    began = restarted(evidence)
    if not began or not begun(evidence):
        return Occasion.NONE
    resumed = next((one for one in evidence.journal if one.n > began and isinstance(one, TurnMarked) and one.operation == "resumed"), None)
    if resumed is None:
        return Sentence("resume_never_came_end", f"{evidence.steps()}, and resume never came to its end.")
    rows: list[dict[str, Any]] = []
    for entry in evidence.journal:
        if entry.n < resumed.n and isinstance(entry, DatabaseChanged):
            rows = entry.tables.get("tickets", [])
    owed = [row["ticket_id"] for row in rows if not row["answer"]]
    if owed:
        return Sentence(
            "after_resume_tickets_table_had",
            f"{evidence.steps()}; after resume, {len(owed)} of the {len(rows)} tickets in the table had no answer, {owed[0]} among them.",
        )
    return None if rows else Occasion.NONE


def survives_a_restart(evidence: Evidence) -> Found:
    if not restarted(evidence):
        return Occasion.NONE
    found = every_message_once(evidence) or answers_everybody(evidence) or _answered_once(evidence)
    return f"{evidence.steps()}, and started again: {found}" if isinstance(found, str) else found


def _answered_once(evidence: Evidence) -> str | None:
    for several in runs_by_message(evidence).values():
        done = [run.id for run in several if run.status == "completed"]
        if len(done) > 1:
            return Sentence("one_message_answered_runs", f"one message was answered by {len(done)} runs: {', '.join(done)}.")
    open_rows = [row["ticket_id"] for row in evidence.tables.get("tickets", []) if not row["answer"]]
    return Sentence("has_no_answer_table", f"{open_rows[0]} has no answer in the table.") if open_rows else None


# ---- the weather ------------------------------------------------------------------------------------------------------------------------

STORMS = {
    "lost replies": (
        "reply_lost@createThread#1 reply_lost@createMessage#2 request_lost@createMessage#3 500_after@createMessage#5 "
        "reply_lost@createRun#2 500_after@createRun#4 reply_silent@createRun#5 reply_lost@listMessages#3"
    ),
    "bad moments": (
        "503@createThread#1 500@createMessage#1-2 503@listMessages#3-4 request_lost@listRuns#2 503@createRun#4-8 500@getRun#2-3 "
        "503@getRun#8 500@listMessages#12 500@getMessage#2 500@listRunSteps#2"
    ),
    "failing runs": (
        "run_failed@createRun#2 run_expired@createRun#4 reply_lost@createRun#5 429:5@createRun#1 429:3@createMessage#3 "
        "reply_lost@createMessage#4 500@getRun#6 run_failed@createRun#7"
    ),
}
"""What goes wrong in each. No step, looking and creating what is not there, can go wrong more than five times. The twelfth list of messages
is read when answers are (most programs look five times and read five times); the seventh request for a run is for the long thread."""


def _after_a_request(point: KillPoint) -> bool:
    """A kill hurts most when something was done and nobody knows of it yet..."""
    return point.when == "after" and point.operation in ("createMessage", "createRun")


def _after_half_a_note(point: KillPoint) -> bool:
    """...and between two notes: the row of a ticket says something that the audit does not say, or the reverse."""
    noted = {"tickets", "ticket_audit"}.intersection(point.tables)
    return noted == {"ticket_audit"} or (noted == {"tickets"} and "message_id" in point.text)


def _after_half_a_note_or_a_run(point: KillPoint) -> bool:
    """...and when a run was started: it may be the second or the third of its ticket."""
    return _after_half_a_note(point) or (point.when == "after" and point.operation == "createRun")


COMES_LATER = "one comes later"
WEATHER = ("calm", *STORMS)
RESTARTS = ("killed", "killed in a storm")
RUNS_FAIL = "killed while runs fail"
BETWEEN = "killed between two notes"
ONE_OWED = "killed with one ticket"


def _in(scenario: str) -> Callable[[], World]:
    return lambda: World(_desk, scenario=scenario, limits=_LIMITS)


def _scene(name: str, scenario: str, bound: int, *, killed_after: Callable[[KillPoint], bool] | None = None) -> Scene:
    kill = killed_after is not None
    return Scene(name, _in(scenario), _args, kwargs=_KWARGS, driver="desk", bound=bound, kill=kill, where=killed_after)


EXERCISE = Exercise(
    slug="support-desk",
    parts=(
        Part(
            "SupportDesk",
            (
                Behaviour(
                    "answers_everybody",
                    3,
                    "Each call of handle returns what the run for its ticket wrote, and the ticket's row has it.",
                    answers_everybody,
                    (*WEATHER, COMES_LATER),
                ),
                Behaviour(
                    "every_message_once",
                    4,
                    "Each ticket's text is on its customer's thread once, in the order of handing in, and nowhere else.",
                    every_message_once,
                    (*WEATHER, COMES_LATER),
                ),
                Behaviour(
                    "one_at_a_time_on_a_thread",
                    2,
                    "In calm weather nothing is refused because a run is active.",
                    one_at_a_time_on_a_thread,
                    ("calm", COMES_LATER),
                ),
                Behaviour("customers_do_not_wait", 2, "No customer waits for another.", customers_do_not_wait, ("calm",)),
                Behaviour(
                    "written_down_at_once",
                    2,
                    "A ticket is in the table before anything is done for it.",
                    written_down_at_once,
                    ("calm", COMES_LATER),
                ),
                Behaviour(
                    "within_budget",
                    3,
                    f"No run reads more than {MOST_TOKENS} tokens, no ticket is answered twice, at most {MOST_REQUESTS} requests a ticket.",
                    within_budget,
                    (*WEATHER, COMES_LATER),
                ),
                Behaviour(
                    "audit_reconstructs_every_turn",
                    4,
                    "The audit says of each ticket which message, which runs and which reply, each once and in order, restarts included.",
                    audit_reconstructs_every_turn,
                    (*WEATHER, COMES_LATER, *RESTARTS, RUNS_FAIL, BETWEEN),
                ),
                Behaviour(
                    "resumes_what_it_owes",
                    3,
                    "Killed and started again, resume answers every ticket that is in the table.",
                    resumes_what_it_owes,
                    (*RESTARTS, ONE_OWED),
                ),
                Behaviour(
                    "survives_a_restart",
                    5,
                    "Killed, started again and every ticket handed in again: every message once, every ticket answered, once.",
                    survives_a_restart,
                    (*RESTARTS, RUNS_FAIL),
                ),
            ),
            (
                _scene("calm", "", 2),
                Scene(COMES_LATER, lambda: World(_one_late, limits=_LIMITS), _args, kwargs=_ONE_LATE, driver="desk", bound=1),
                *(_scene(name, scenario, 1) for name, scenario in STORMS.items()),
                _scene("killed", "", 2, killed_after=_after_a_request),
                _scene("killed in a storm", STORMS["lost replies"], 2, killed_after=_after_half_a_note_or_a_run),
                _scene(RUNS_FAIL, STORMS["failing runs"], 2, killed_after=_after_half_a_note_or_a_run),
                _scene(BETWEEN, "", 2, killed_after=_after_half_a_note),
                Scene(ONE_OWED, _in(""), _args, kwargs=_ONE_TICKET, driver="desk", bound=2, kill=True, where=_after_a_request),
            ),
            promises={
                "without faults": ("calm",),
                "one thread for each customer, and their tickets one after the other": ("calm", COMES_LATER),
                "before handle sends or waits for anything, the ticket is in the table": ("calm", COMES_LATER),
                "a ticket that comes when the others are done, with words that another had": (COMES_LATER,),
                "the answer is in the row of its ticket": ("calm", COMES_LATER, *STORMS, *RESTARTS, RUNS_FAIL),
                "replies that are lost, or a 500 all the same, or that fail to come; requests lost": ("lost replies",),
                "429, 500 and 503; a step that goes wrong five times": ("bad moments",),
                "runs that fail and expire, two of one ticket": ("failing runs",),
                "killed before or after any request, or right after a commit": (*RESTARTS, BETWEEN),
                "every ticket in the table has its answer when resume returns, one or several": (*RESTARTS, ONE_OWED),
                "the audit after restarts, failed runs included": (*RESTARTS, RUNS_FAIL),
            },
        ),
    ),
    hints=(
        "Write one turn for one ticket first, so that it can be restarted at any point: it reads the row, looks, and does what is not "
        "done. handle is then: write the row, take the turn in the customer's lane. And resume is: take the turn of every open row.",
        "A lane is an asyncio.Lock for each user_id. A step is: look by your key, create if it is not there (max_retries=0), set the "
        "column and add the audit line, commit once. A run that fails is a new attempt: give its number to the key, too, and count the "
        "run lines of the audit to know the number. truncation_strategy keeps a run within its budget.",
        "async def turn(self, ticket_id, user_id):\n"
        "    async with self.lanes.setdefault(user_id, asyncio.Lock()):\n"
        "        ticket = the row\n"
        "        if ticket.answer is None:\n"
        "            thread_id = await self.thread_of(user_id)               # Conversation, made and committed if missing\n"
        "            if ticket.message_id is None: look, or create; message_id and the line 'confirm'; commit\n"
        "            while True:\n"
        "                if ticket.run_id is None: look for {ticket_id, attempt}, or create; run_id and the line 'run'; commit\n"
        "                run = wait for ticket.run_id; if it completed: break; ticket.run_id = None; commit\n"
        "            ticket.answer = ...; the line 'read'; commit\n"
        "        return ticket.answer\n"
        "async def resume(self): gather turn(...) of the rows without answer, ordered by number",
    ),
)
