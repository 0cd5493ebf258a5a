"""Does new code behave as the old? The same scenes with both, faults and every order of delivery included, side by side.

Compared is what a user would see (what comes back, what is in the conversation afterwards) and what was done at the service (how many
runs, what was sent again although it had been refused, whether Retry-After was obeyed, whether what was given up was cancelled). How it is
written is not compared, nor how many requests it took: there are fewer by design.

Where the two APIs themselves differ, code cannot be to blame: that is said, and not counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from threadlab.engine.journal import Executed
from threadlab.errors import ThreadlabError
from threadlab.migrate import parity_scenes as scenes
from threadlab.migrate.parity_source import Function, functions
from threadlab.trials.explore import Exploration, explore_kills, explore_with
from threadlab.trials.trial import Evidence, in_process

BOUND = 60
"""Orders, or points of a kill, that are visited at most in one scene."""
SHOWN = 72
"""Characters of a value that the report shows; `--json` has all of them."""
MEANS_THE_SAME = {"expired": "failed", "RunTimeout": "a time-out", "ResponseTimeout": "a time-out", "TimeoutError": "a time-out"}
"""Statuses and errors that have another name on the other side."""


class Line(msgspec.Struct, frozen=True):
    """One thing that was compared in one scene: all that was seen of it, over every order."""

    what: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    by_design: str = ""
    """Why the APIs themselves differ here; empty when they do not."""

    @property
    def same(self) -> bool:
        return self.old == self.new


class Played(msgspec.Struct, frozen=True):
    """One scene, played with both."""

    scene: str
    orders: tuple[int, int]
    complete: bool
    """Whether these are all orders that there are."""
    lines: tuple[Line, ...]

    @property
    def differing(self) -> list[Line]:
        return [line for line in self.lines if not line.same and not line.by_design]

    @property
    def by_design(self) -> list[Line]:
        return [line for line in self.lines if not line.same and line.by_design]


class Parity(msgspec.Struct, frozen=True):
    """Two functions beside each other."""

    old: str
    new: str
    scenes: tuple[Played, ...]

    @property
    def differing(self) -> list[Played]:
        return [one for one in self.scenes if one.differing]


# ---- what is seen -----------------------------------------------------------------------------------------------------------------------


class Seen(msgspec.Struct, frozen=True):
    """One trial, and whose it was."""

    function: Function
    evidence: Evidence

    def said(self, role: str) -> list[str]:
        """The messages of one role that are there now and were not before, as far as they belong to this turn."""
        home = self.evidence.given["home"]
        return [one.text for one in self.function.family.said(self.evidence, home)[len(scenes.BEFORE) :] if one.role == role]

    def requests(self, operations: Iterable[str], *, ok: bool) -> list[Executed]:
        return [one for one in self.evidence.requests(ok=ok) if one.operation in operations]


def _comes_back(seen: Seen) -> str:
    ending = seen.evidence.ending
    if ending.how == "raised":
        return f"raises {MEANS_THE_SAME[ending.type]}" if ending.type in MEANS_THE_SAME else "raises an error"
    if ending.how != "returned":
        return f"does not come back: {ending.how} ({ending.type or 'no end'})"
    value = seen.evidence.value
    if isinstance(value, dict) and "status" in value:
        return f"returns it {MEANS_THE_SAME.get(value['status'], value['status'])}"
    return f"returns {value.strip()!r}" if isinstance(value, str) else f"returns {value!r}"


def _messages(seen: Seen) -> str:
    return f"{seen.said('user').count(scenes.TEXT)} ×"


def _answers(seen: Seen) -> str:
    return f"{len(seen.said('assistant'))} ×"


def _runs(seen: Seen) -> str:
    return str(len(seen.requests(seen.function.family.makers, ok=True)))


def _sent_again(seen: Seen) -> str:
    refused = [one.operation for one in seen.evidence.requests(ok=False) if one.status in (400, 401, 404)]
    return "yes" if len(refused) > len(set(refused)) else "no"


def _waited(seen: Seen) -> str:
    """After a 429, how it stood with the seven seconds that were asked for."""
    limited = next((one for one in seen.evidence.requests(ok=False) if one.status == 429), None)
    later = [
        one for one in seen.evidence.journal if limited and one.what == "sent" and one.operation == limited.operation and one.n > limited.n
    ]
    if limited is None or not later:
        return "nothing was sent again"
    return "obeyed" if later[0].at >= limited.at + 6.95 else "not obeyed"


def _cancelled(seen: Seen) -> str:
    return "yes" if seen.requests((seen.function.family.cancel,), ok=True) else "no"


def _asked_after_the_end(seen: Seen) -> str:
    family = seen.function.family
    last_poll = next((one for one in seen.evidence.requests(family.poll, ok=True) if one.run_status in family.ends), None)
    return "yes" if last_poll and any(one.what == "sent" and one.n > last_poll.n for one in seen.evidence.journal) else "no"


Look = tuple[str, Callable[[Seen], str]]
_TURN: tuple[Look, ...] = (
    ("what comes back", _comes_back),
    ("the message is there", _messages),
    ("the answer is there", _answers),
    ("runs started", _runs),
    ("refused, and sent again", _sent_again),
)
_WAIT: tuple[Look, ...] = (
    ("what comes back", _comes_back),
    ("given up and cancelled", _cancelled),
    ("asked after the end", _asked_after_the_end),
)
_LIMITED: Look = ("Retry-After", _waited)


# ---- played and compared ---------------------------------------------------------------------------------------------------------------


def play(function: Function, scene: scenes.Scene, bound: int = BOUND) -> Exploration:
    """One function in one scene, in every order (or killed at every point), as far as `bound` goes."""
    world = scenes.world(scene, function.family, waits=function.waits)
    visit = explore_kills if scene.kill else explore_with
    return visit(in_process({}), function.spec(scene, world.given), world, bound=bound)


def compare(old: Function, new: Function, bound: int = BOUND) -> Parity:
    """Both in every scene that is for such functions. Raises ThreadlabError when one of them cannot be run."""
    if old.waits != new.waits:
        raise ThreadlabError(f"{old.name} and {new.name} do not do the same: only one of them waits for something started before.")
    for function in (old, new):
        function.try_to_define()
    scenes_to_play = scenes.WAITS if old.waits else scenes.TURNS
    if old.keeps_a_record and new.keeps_a_record:
        scenes_to_play += scenes.RESTARTS
    return Parity(f"{old.path}:{old.name}", f"{new.path}:{new.name}", tuple(compare_in(scene, old, new, bound) for scene in scenes_to_play))


def compare_in(scene: scenes.Scene, old: Function, new: Function, bound: int = BOUND) -> Played:
    """Both in one scene."""
    looks = (*(_WAIT if old.waits else _TURN), *((_LIMITED,) if "429" in scene.faults and not old.waits else ()))
    sides = [(function, play(function, scene, bound)) for function in (old, new)]
    observations = [[Seen(function, one) for one in exploration] for function, exploration in sides]
    lines = tuple(_line(what, look, *observations) for what, look in looks)
    return Played(scene.name, (len(observations[0]), len(observations[1])), all(exploration.complete for _, exploration in sides), lines)


def _line(what: str, look: Callable[[Seen], str], old: Sequence[Seen], new: Sequence[Seen]) -> Line:
    before, after = ({look(one) for one in side} for side in (old, new))
    return Line(what, tuple(sorted(before)), tuple(sorted(after)), _by_design(look, old, new))


def _by_design(look: Callable[[Seen], str], old: Sequence[Seen], new: Sequence[Seen]) -> str:
    """What the APIs do differently, where nothing else can be the reason."""
    if look is _messages and _none_completed(old) and _none_completed(new):
        return "a thread keeps the message of a turn that failed, a conversation does not"
    if look is _answers and _none_completed(old) and _none_completed(new):
        return "what an incomplete answer leaves behind is another thing on either side"
    if look is _runs and _message_refused(old) and _message_refused(new):
        return "a message that travels with the request for the answer starts no run when it is refused, and one that was sent before may"
    return ""


def _none_completed(side: Sequence[Seen]) -> bool:
    return all(run.status != "completed" for one in side for run in one.function.family.runs(one.evidence, one.evidence.given["home"]))


def _message_refused(side: Sequence[Seen]) -> bool:
    return all(one.requests(one.function.family.posts, ok=False) and one.evidence.ending.how == "raised" for one in side)


# ---- told ------------------------------------------------------------------------------------------------------------------------------


def text(parity: Parity) -> Iterator[str]:
    """The report, line by line."""
    yield f"{parity.old} → {parity.new}"
    for played in parity.scenes:
        count = f" ({played.orders[0]} and {played.orders[1]} trials)" if max(played.orders) > 1 else ""
        yield f"  {'differs' if played.differing else 'alike':8} {played.scene}{count}"
        for line in (*played.differing, *played.by_design):
            why = f" (by design: {line.by_design})" if line.by_design else ""
            yield f"             {line.what}: old {_told(line.old)}; new {_told(line.new)}{why}"
    alike = len(parity.scenes) - len(parity.differing)
    sampled = [played.scene for played in parity.scenes if not played.complete]
    sample = f" Of the orders, these scenes have a sample: {', '.join(sampled)}." if sampled else ""
    yield f"  {alike} of {len(parity.scenes)} scenes alike, in {sum(sum(played.orders) for played in parity.scenes)} trials.{sample}"


def _told(values: Sequence[str]) -> str:
    return " | ".join(one if len(one) <= SHOWN else f"{one[:SHOWN]}…" for one in values)


def pairs(old: str, new: str) -> list[tuple[Function, Function]]:
    """Which functions of two files belong together: those that are named, or else those of one name. Raises ThreadlabError for none."""
    before, after = functions(old), functions(new)
    if len(before) == len(after) == 1:
        return [(next(iter(before.values())), next(iter(after.values())))]
    result = [(function, after[name]) for name, function in before.items() if name in after]
    if not result:
        raise ThreadlabError(
            f"{old} has {', '.join(before)} and {new} has {', '.join(after)}, and no name is in both: say which belong together, "
            "as FILE:FUNCTION."
        )
    return result


def main(old: str, new: str, *, as_json: bool, bound: int = BOUND) -> int:
    """Print the report. 0: they behave alike; 1: they do not."""
    sys.path[:0] = list(dict.fromkeys(str(Path(one.partition(":")[0]).resolve().parent) for one in (old, new)))
    comparisons = [compare(*pair, bound=bound) for pair in pairs(old, new)]
    if as_json:
        print(json.dumps(msgspec.to_builtins(comparisons), indent=1, ensure_ascii=False))
    else:
        for parity in comparisons:
            print("\n".join(text(parity)))
    return 1 if any(parity.differing for parity in comparisons) else 0
