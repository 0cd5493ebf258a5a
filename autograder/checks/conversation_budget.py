"""Exercise `conversation-budget`: what a conversation costs, to the cent; and forty turns of it within a budget of tokens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from openai import OpenAI

from autograder.checks.bill import COST_OF
from autograder.checks.drawn import chance
from autograder.checks.seen import of_another_assistant, otherwise, short
from autograder.judging.behaviours import Behaviour, Exercise, Found, Occasion, Part, Scene, Sentence
from courseware.tables import DB
from threadlab.engine.journal import DatabaseChanged, Entry, Executed, Sent
from threadlab.responders.scripted import Scripted
from threadlab.text import tokens
from threadlab.trials.trial import CLIENT, Evidence, World
from threadlab.wire.prompts import Answer, Prompt

BUDGET, SMALL = 400, 260
INSTRUCTIONS = "Answer in one sentence."
LONGER = "Answer in one sentence. Be polite, and name the country you mean."
"""The instructions of the assistant in the second scene: they are to be counted, too. Everything on the thread in its eighth turn costs
one token more than the budget."""
BASE = 3
"""What a prompt costs besides its instructions and messages."""
RECALL = "What do you remember"
FACTS = {3: "my customer number is {}", 12: "I travel with a {}", 25: "no flights {}, please"}
"""By the turn in which the user states them."""
PETS, TIMES = ("small dog", "big dog", "young cat", "white rabbit", "green parrot"), ("at night", "on Fridays", "in winter", "with stops")
RECALLS = (16, 24, 33, 40)
MANY_RECALLS = (5, 6, 7, 8, 9, 10, 11, 13, 14)
"""In the second scene: whatever the distance to the fact, it is known."""
LONG = {7: 4, 9: 4, 18: 4, 29: 4, 36: 4}
"""Turns with a long text, and how often the same sentence stands in it. (The journal keeps 500 characters of a text.)"""
TITLED = "Our long and very detailed plan, titled “Remember:”"
PLANS = {7: "Remember our plan", 9: "remember: our plan", 18: TITLED, 29: TITLED, 36: TITLED}
"""How they begin. None begins with the word that pins a text, with its capital letter and its colon."""
SPACED = 11
"""The turn whose text has white space at its end, and more of it inside."""
REMINDS = 18
SLOW_TURN, SLOW = 6, 20
"""The turn whose run works longer than the others, and how many seconds."""
COUNTRIES = ("France", "Kenya", "Japan", "Chile", "Norway", "Portugal", "Italy", "Greece", "Poland", "Sweden", "Peru", "Spain", "India")


class Reminding:
    """The scripted expert, but for its answer to the plan of one day: that begins as a fact of the user's does."""

    name = "reminding"

    def respond(self, prompt: Prompt) -> Answer:
        if prompt.turns and prompt.turns[-1].text.startswith(f"{TITLED}, day {REMINDS}"):
            return Answer(
                texts=["Remember: " + "trains may be late, and the shops of the old town are closed in the afternoon, so plan well; " * 5]
            )
        return Scripted().respond(prompt)


def facts(name: str) -> dict[int, str]:
    """Other facts for each submission."""
    by = chance(f"conversation-budget {name}")
    drawn = (by.randrange(1000, 10_000), by.choice(PETS), by.choice(TIMES))
    return {turn: fact.format(one) for (turn, fact), one in zip(FACTS.items(), drawn, strict=True)}


def turns(facts: Mapping[int, str], recalls: Sequence[int] = RECALLS) -> list[str]:
    """What the user says, turn by turn. No two turns say the same."""
    result = []
    for number in range(1, 41):
        country = COUNTRIES[number // 2 % len(COUNTRIES)]
        if number in facts:
            result.append(f"Remember: {facts[number]}.")
        elif number in recalls:
            result.append(f"{RECALL}? (Asked in turn {number}.)")
        elif number in LONG:
            note = "We arrive on Monday, stay for three nights in the old town, and leave by train on Thursday morning. "
            result.append(f"{PLANS[number]}, day {number}: {note * LONG[number]}What is the currency of {country}?")
        elif number == SPACED:
            result.append(f"And what is its currency?\n(Turn {number}.) ")
        elif number % 2:
            result.append(f"And what is its currency? (Turn {number}.)")
        else:
            result.append(f"What is the capital of {country}? (Turn {number}.)")
    return result


class Said(msgspec.Struct, frozen=True):
    """A message that was on the thread at some time."""

    id: str
    text: str
    n: int
    """The journal line of its making."""
    role: str = "user"
    by_run: bool = False

    @property
    def pinned(self) -> bool:
        return self.role == "user" and self.text.startswith("Remember:")

    @property
    def tokens(self) -> int:
        return tokens.of_message(self.text)


def best(conversation: Sequence[Said], budget: int, instructions: str = INSTRUCTIONS) -> int:
    """How many of the newest messages, without a gap, fit in the budget beside everything that is pinned."""
    left = budget - BASE - tokens.of_message(instructions) - sum(one.tokens for one in conversation if one.pinned)
    count = 0
    for one in reversed(conversation):
        left -= 0 if one.pinned else one.tokens
        if left < 0:
            return count
        count += 1
    return count


def _scene(name: str, count: int, budget: int, instructions: str, recalls: Sequence[int]) -> Scene:
    """So many turns, the program started anew after half of them."""

    def setup(client: OpenAI) -> dict[str, Any]:
        assistant = client.beta.assistants.create(model="gpt-4o", instructions=instructions)
        stated = facts(name)
        return {
            "thread_id": client.beta.threads.create().id,
            "assistant_id": assistant.id,
            "budget": budget,
            "instructions": instructions,
            "turns": turns(stated, recalls)[:count],
            "facts": stated,
            "recalls": list(recalls),
        }

    def two_processes(given: dict[str, Any]) -> list[Any]:
        calls = [[CLIENT, DB, given["thread_id"], given["assistant_id"], text] for text in given["turns"]]
        return [calls[: count // 2], calls[count // 2 :]]

    def world() -> World:
        return World(setup, responder=Reminding(), scenario=f"slow:{SLOW}@createRun#{SLOW_TURN}")

    return Scene(name, world, two_processes, kwargs={"budget": budget}, driver="processes", bound=1)


def _runs(evidence: Evidence) -> list[Executed]:
    return evidence.requests("createRun", ok=True, thread_id=evidence.given["thread_id"])


def _made(evidence: Evidence) -> list[Said]:
    """Every message that was ever on the thread, whether it is still there or not, in the order of its making."""
    sent = {entry.request: entry.texts for entry in evidence.journal if isinstance(entry, Sent)}
    result: list[Said] = []
    for entry in evidence.journal:
        if entry.what == "message" and entry.state == "completed":
            result.append(Said(entry.object_id, entry.text, entry.n, "assistant", True))
        elif not isinstance(entry, Executed) or (entry.status or 500) >= 400:
            continue
        elif entry.operation == "createMessage":
            result.append(Said(entry.object_id, entry.text, entry.n, entry.role))
        elif entry.operation == "createRun" and (more := sent.get(entry.request)):
            newest = entry.window[-len(more) :]
            result += [Said(one, text, entry.n) for one, text in zip(newest, more, strict=False)]
    return result


def _conversation(made: Sequence[Said], said: Sequence[str]) -> list[Said]:
    """What was said, in order: the text of each turn once, and the answers. What was posted again is not said again."""
    left = set(said)
    result = []
    for one in made:
        if one.by_run or (one.role == "user" and one.text in left):
            left.discard(one.text)
            result.append(one)
    return result


class Reading(msgspec.Struct, frozen=True):
    """One run: what had been said when it was created, what of it was read, and what was in the archive."""

    run: Entry
    before: list[Said]
    read: set[str]
    archived: dict[str, tuple[str, str, str]]

    @property
    def newest(self) -> int:
        """How many of the newest messages were read, without a gap."""
        unread = (place for place, one in enumerate(reversed(self.before)) if one.id not in self.read)
        return next(unread, len(self.before))


def _readings(evidence: Evidence, operation: str = "createRun") -> list[Reading]:
    """The runs; or as if they were runs that read all but one message, the requests that deleted one."""
    told = _conversation(_made(evidence), evidence.given["turns"])
    archived: dict[str, tuple[str, str, str]] = {}
    readings = []
    for entry in evidence.journal:
        if isinstance(entry, DatabaseChanged):
            archived = {
                row["message_id"]: (row["thread_id"], row["role"], row["text"]) for row in entry.tables.get("archived_messages", [])
            }
        elif isinstance(entry, Executed) and entry.operation == operation and (entry.status or 500) < 400:
            before = [one for one in told if one.n <= entry.n]
            read = {one.id for one in before} - {entry.object_id} if operation == "deleteMessage" else set(entry.window)
            readings.append(Reading(entry, before, read, archived))
    return readings


def _values(evidence: Evidence) -> list[Any]:
    several = evidence.value if isinstance(evidence.value, list) else []
    return [value for calls in several if isinstance(calls, list) for value in calls]


# ---- what the journal shows -------------------------------------------------------------------------------------------------------------


def answers(evidence: Evidence) -> Found:
    if not evidence.requests():
        return Occasion.NONE
    said, runs, values = evidence.given["turns"], _runs(evidence), _values(evidence)
    made = _made(evidence)
    for text in said:
        times = sum(one.text == text and one.role == "user" for one in made)
        if not times or (times > 1 and not text.startswith("Remember:")):
            instead = otherwise(evidence.messages(evidence.given["thread_id"]), text) if not times else None
            return Sentence("posted_times", f"{short(text)} was posted {times} times{f': {instead}' if instead else ''}.")
    if len(runs) != len(said):
        return Sentence("runs_made_turns", f"{len(runs)} runs were made on the thread for {len(said)} turns.")
    if wrong := of_another_assistant(evidence, runs):
        return wrong
    for number, (run, value) in enumerate(zip(runs, values, strict=False), 1):
        kept = evidence.run(run.run_id)
        if kept is None or kept.status != "completed":
            return Sentence("turn_run_ended", f"in turn {number} the run ended {kept.status if kept else 'gone'}: {evidence.line(run)}.")
        wrote = "\n".join(one.text for one in made if one.by_run and one.n in _lines_of(evidence, run.run_id))
        if not isinstance(value, str) or value.strip() != wrote.strip():
            sizes = f" ({len(value)} characters, not {len(wrote)})" if isinstance(value, str) and short(value) == short(wrote) else ""
            return Sentence("turn_returned_run_wrote", f"in turn {number} it returned {short(value)}; the run wrote {short(wrote)}{sizes}.")
    return None


def _lines_of(evidence: Evidence, run_id: str) -> set[int]:
    return {entry.n for entry in evidence.journal if entry.what == "message" and entry.run_id == run_id}


def _over(evidence: Evidence) -> str | None:
    for number, run in enumerate(evidence.runs(evidence.given["thread_id"]), 1):
        read = run.usage.prompt_tokens if run.usage else 0
        if read > evidence.given["budget"]:
            return Sentence(
                "turn_run_read_tokens_budget", f"in turn {number} the run read {read} tokens, and the budget is {evidence.given['budget']}."
            )
    return None


_FAR_OVER = 1.5
"""A run that reads so many times the budget was not bounded at all."""


def stays_within_budget(evidence: Evidence) -> Found:
    runs = [run for run in evidence.runs(evidence.given["thread_id"]) if run.status == "completed"]
    if not runs:
        return Occasion.NONE
    if over := _over(evidence):
        most = max(run.usage.prompt_tokens for run in runs if run.usage)
        if most > _FAR_OVER * evidence.given["budget"]:
            return Sentence("what_run_reads_grows_every", f"{over} What a run reads grows with every turn, unless you bound it.")
        return Sentence(
            "counted_too_little",
            f"{over} A prompt costs {BASE}, of_message of the instructions with what you add to them, and of_message of each text.",
        )
    wanted = len(evidence.given["turns"])
    return (
        None
        if len(runs) >= wanted
        else Sentence("only_turns_have_run_completed", f"only {len(runs)} of {wanted} turns have a run that completed.")
    )


def pinned_facts_answered(evidence: Evidence) -> Found:
    values = _values(evidence)
    if not values or not _runs(evidence):
        return Occasion.NONE
    for turn in evidence.given["recalls"]:
        answer = values[turn - 1] if len(values) >= turn else None
        missing = [fact for since, fact in evidence.given["facts"].items() if since < turn and fact not in str(answer)]
        if missing:
            return Sentence(
                "turn_asked_answered_without_pinned",
                f"in turn {turn}, asked “{RECALL}?”, it answered {short(answer)}, without “{missing[0]}”: that was pinned.",
            )
    return None


def _first_difference(wanted: Mapping[str, str], there: tuple[str, ...]) -> str:
    name, value, kept = next((name, value, kept) for (name, value), kept in zip(wanted.items(), there, strict=True) if value != kept)
    return f"the {name} {short(kept)} instead of {short(value)}"


def archived_before_dropped(evidence: Evidence) -> Found:
    dropped = 0
    for one in sorted([*_readings(evidence), *_readings(evidence, "deleteMessage")], key=lambda one: one.run.n):
        for message in one.before:
            if message.id in one.read:
                continue
            dropped += 1
            wanted = {"thread_id": evidence.given["thread_id"], "role": message.role, "text": message.text}
            there = one.archived.get(message.id)
            if there != tuple(wanted.values()):
                kept = "not there" if there is None else f"there with {_first_difference(wanted, there)}"
                return Sentence(
                    "dropped_moment_archive_looked_far",
                    f"{evidence.line(one.run)} dropped {short(message.text)}, by the {message.role}. At that moment the archive was looked "
                    f"at, as far as it was committed: the message {message.id} was {kept}.",
                )
    return None if dropped else Occasion.NONE


def share(evidence: Evidence) -> float:
    """What was read of the newest messages, over all runs, as a share of what would have fitted."""
    readings = _readings(evidence)
    fits = [best(one.before, evidence.given["budget"], evidence.given["instructions"]) for one in readings]
    return sum(min(one.newest, most) for one, most in zip(readings, fits, strict=True)) / max(1, sum(fits))


def _reads(wanted: float) -> Callable[[Evidence], Found]:
    def reads(evidence: Evidence) -> Found:
        if not _runs(evidence):
            return Occasion.NONE
        if len(_runs(evidence)) < len(evidence.given["turns"]):
            return Sentence("only_turns_have_run", f"only {len(_runs(evidence))} of {len(evidence.given['turns'])} turns have a run.")
        if over := _over(evidence):
            return Sentence("what_read_counts_while_budget", f"what is read counts while the budget is kept; {over}")
        got = share(evidence)
        if got >= wanted:
            return None
        return Sentence(
            "runs_read_newest_messages_would",
            f"the runs read {int(1000 * got) / 10:g} % of the newest messages that would have fitted in the budget; {wanted:.0%} was "
            "expected.",
        )

    return reads


FORTY, FEWER = "forty turns", "fourteen turns, a smaller budget"
SHARES = (
    (0.5, 1, "reads_half_of_the_optimum"),
    (0.75, 1, "reads_three_quarters_of_the_optimum"),
    (0.9, 2, "reads_nine_tenths_of_the_optimum"),
)

EXERCISE = Exercise(
    slug="conversation-budget",
    parts=(
        COST_OF,
        Part(
            "budgeted_turn",
            (
                Behaviour("answers", 2, "Each turn is posted once, has one run, and its answer is returned.", answers),
                Behaviour("stays_within_budget", 3, "No run reads more than the budget.", stays_within_budget, (FORTY, FEWER)),
                Behaviour(
                    "pinned_facts_answered", 3, "What the user asked to remember is remembered.", pinned_facts_answered, (FORTY, FEWER)
                ),
                Behaviour("archived_before_dropped", 3, "What a run no longer reads was in the archive before.", archived_before_dropped),
                *(
                    Behaviour(name, points, f"The runs read {wanted:.0%} of the newest messages that fit.", _reads(wanted))
                    for wanted, points, name in SHARES
                ),
            ),
            (
                _scene(FORTY, 40, BUDGET, INSTRUCTIONS, RECALLS),
                _scene(FEWER, 14, SMALL, LONGER, MANY_RECALLS),
            ),
            promises={
                "a program that ends between the twentieth turn and the next": (FORTY,),
                "no run reads more than the budget, whatever the instructions": (FORTY, FEWER),
                "the answer names every fact that was stated, however long ago": (FORTY, FEWER),
                "pinned is what the user says, and what begins so": (FORTY,),
                "waits for the run's end, however long it takes": (FORTY, FEWER),
            },
        ),
    ),
    hints=(
        "The bill: which price row belongs to a run, and when may you round? The budget: what must every run read, whatever it costs, and "
        "what may go first?",
        "Bill: Decimal from text, the newest row that is not newer than the run's day, one quantize at the end. Budget: write every "
        "message into the archive when it comes; then let the thread itself be the window: before the run, delete the oldest message that "
        "is not pinned, again and again, until what is left fits.",
        "posted = messages.create(...)                       # first, so that it counts\n"
        "there = list(messages.list(thread_id, order='asc', limit=100))\n"
        "for one in there: if db.get(ArchivedMessage, one.id) is None: db.add(ArchivedMessage(...))\n"
        "db.commit()                                         # before anything is dropped\n"
        "left = budget - 3 - of_message(instructions) - sum(of_message(text) for every message there)\n"
        "for one in there[:-1]: if left < 0 and not pinned(one): messages.delete(...); left += of_message(its text)\n"
        "run = runs.create_and_poll(...); read messages.list(run_id=run.id)",
    ),
)
