"""Scenarios: what goes wrong, and when. A scenario is a short string that can be shared and replayed exactly.

    reply_lost@createMessage#1 429:2@createRun#1-3 500@getRun%20 stuck@createRun#2 seed:7

Rules stand apart by spaces. A rule is a fault, with an argument after a colon, and says where it applies: `@operation` (by its OpenAPI
name; without one, every operation, or for the faults of runs every run), `#n` or `#n-m` (only these calls of the operation, counted from
1), `%p` (each with this probability in percent, drawn with the scenario's seed).

Rate limits are rules of their own, per model and minute, each project for itself:

    limit:gpt-4o:rpm=3 limit:gpt-4o:tpm=30000 limit:*:rpm=60

`rpm` counts requests, `tpm` the tokens of prompts and of answers. Starting a run is a request to its model; over the limit it is
refused with a 429 and nothing is done. Submitting tool outputs is one more request to the model: the submission is accepted, and over the
limit the run fails with `rate_limit_exceeded`, without a 429. `*` stands for the models that have no limit of that unit themselves, and
its requests count everything else too: polls, messages, lists. Where there are limits, every reply has `x-ratelimit-*` headers.
"""

import random
import re
from typing import Literal, TypeAlias

import msgspec

from threadlab.errors import ThreadlabError

Unit: TypeAlias = Literal["requests", "tokens"]
_SHORT: dict[Unit, str] = {"requests": "rpm", "tokens": "tpm"}
_UNITS: dict[str, Unit] = {short: unit for unit, short in _SHORT.items()}
_LIMIT = re.compile(r"limit:(?P<model>\*|[\w.:-]+):(?P<unit>rpm|tpm)=(?P<amount>[1-9]\d{0,11})")
Phase: TypeAlias = Literal["before", "after", "run", "stream", "cancel", "file"]


class Kind(msgspec.Struct, frozen=True):
    """One sort of fault: when it applies, what its argument means, and the sentence that explains it."""

    phase: Phase
    argument: str
    meaning: str


KINDS: dict[str, Kind] = {
    "delay": Kind("before", "seconds", "the reply comes that much later"),
    "request_lost": Kind("before", "", "the request never arrives; the client sees a broken connection"),
    "unreachable": Kind("before", "", "no connection can be made"),
    "silent": Kind("before", "", "the request never arrives; the client hears nothing until it gives up"),
    "429": Kind("before", "seconds", "rate limited; the argument becomes the Retry-After header"),
    "quota": Kind("before", "", "the quota is used up: a 429 that no waiting mends"),
    "500": Kind("before", "", "internal error, nothing was done"),
    "502": Kind("before", "", "bad gateway, nothing was done"),
    "503": Kind("before", "", "overloaded, nothing was done"),
    "switched_off": Kind("before", "", "the Assistants API is not there any more, as since 2026-08-26: its paths answer 404"),
    "reply_lost": Kind("after", "", "the request is carried out, then the connection breaks"),
    "reply_silent": Kind("after", "", "the request is carried out, then the client hears nothing until it gives up"),
    "500_after": Kind("after", "", "the request is carried out, and the reply is still a 500"),
    "slow": Kind("run", "seconds", "the run works that long"),
    "queued": Kind("run", "seconds", "the run stays queued that long before it works"),
    "stuck": Kind("run", "", "the run stays in progress until it expires"),
    "stuck_queued": Kind("run", "", "the run stays queued until it expires"),
    "run_failed": Kind("run", "code", "the run fails with this last_error.code (default server_error)"),
    "run_incomplete": Kind(
        "run", "reason", "the run ends incomplete amid its last message, for this reason (default max_completion_tokens)"
    ),
    "run_expired": Kind("run", "", "the run expires at once after starting"),
    "pictures": Kind("run", "count", "the run's first message begins with that many pictures, as code_interpreter leaves them"),
    "replies": Kind("run", "count", "the run answers in that many messages"),
    "cancel_slow": Kind("cancel", "seconds", "cancelling takes that long"),
    "cancel_loses": Kind("cancel", "", "the run completes although it is being cancelled"),
    "file_stuck": Kind("file", "", "a file that is put into a vector store stays in progress"),
    "stream_cut": Kind("stream", "events", "the stream breaks after that many events"),
    "stream_slow": Kind("stream", "seconds", "each event of the stream comes that much later than the one before"),
}

_RULE = re.compile(
    r"(?P<kind>\w+)(?::(?P<argument>[\w.]+))?(?:@(?P<operation>\w+))?(?:#(?P<first>\d+)(?:-(?P<last>\d*))?)?(?:%(?P<percent>\d+(?:\.\d+)?))?"
)


class Rule(msgspec.Struct, frozen=True):
    kind: str
    argument: str | None = None
    operation: str | None = None
    first: int = 1
    last: int | None = None
    percent: float = 100.0

    @property
    def phase(self) -> Phase:
        return KINDS[self.kind].phase

    def number(self, default: float) -> float:
        return float(self.argument) if self.argument is not None else default


class Limit(msgspec.Struct, frozen=True):
    """So many requests or tokens a minute for a model; `*` for any that has no limit of that unit itself."""

    model: str
    unit: Unit
    amount: int


class Scenario(msgspec.Struct, frozen=True):
    """Parsed rules. `str()` gives back a string that parses to the same."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    limits: tuple[Limit, ...] = ()

    def __str__(self) -> str:
        limits = [f"limit:{one.model}:{_SHORT[one.unit]}={one.amount}" for one in self.limits]
        return " ".join([*map(_spell, self.rules), *limits, *([f"seed:{self.seed}"] if self.seed else [])])


def _spell(rule: Rule) -> str:
    where = f"@{rule.operation}" if rule.operation else ""
    argument = f":{rule.argument}" if rule.argument is not None else ""
    count = ""
    if rule.last == rule.first:
        count = f"#{rule.first}"
    elif rule.first != 1 or rule.last is not None:
        count = f"#{rule.first}-{rule.last or ''}"
    return f"{rule.kind}{argument}{where}{count}" + (f"%{rule.percent:g}" if rule.percent != 100 else "")


_NUMERIC = {"seconds", "count", "events"}
_ARGUMENTS = {
    "code": {"server_error", "rate_limit_exceeded", "invalid_prompt"},
    "reason": {"max_completion_tokens", "max_prompt_tokens"},
}


def parse(text: str | None, operations: frozenset[str] | None = None) -> Scenario:
    """A scenario from its string. Raises ThreadlabError with a sentence that names the rule that is wrong and what would be right."""
    rules: list[Rule] = []
    limits: list[Limit] = []
    seed = 0
    for word in (text or "").replace(";", " ").split():
        if re.fullmatch(r"seed:\d+", word):
            seed = int(word.removeprefix("seed:"))
            continue
        if word.startswith("limit:"):
            limits.append(_limit(word))
            continue
        match = _RULE.fullmatch(word)
        if match is None or match["kind"] not in KINDS:
            raise ThreadlabError(
                f"the scenario's rule {word!r} is not understood: it should look like fault:argument@operation#n, "
                f"and the faults are {', '.join(KINDS)}."
            )
        rules.append(_rule(word, match, operations))
    return Scenario(tuple(rules), seed, tuple(limits))


def parse_limits(text: str | None) -> tuple[Limit, ...]:
    """Rate limits alone, with or without the word `limit:` before each: `gpt-4o:rpm=3 gpt-4o:tpm=30000`. Raises ThreadlabError."""
    return tuple(_limit(f"limit:{word.removeprefix('limit:')}") for word in (text or "").replace(";", " ").split())


def _limit(word: str) -> Limit:
    match = _LIMIT.fullmatch(word)
    if match is None:
        raise ThreadlabError(
            f"the rate limit {word!r} is not understood: it should look like limit:gpt-4o:rpm=3 (requests a minute) or "
            "limit:gpt-4o:tpm=30000 (tokens a minute), with * for every model."
        )
    return Limit(match["model"], _UNITS[match["unit"]], int(match["amount"]))


def _rule(word: str, match: re.Match[str], operations: frozenset[str] | None) -> Rule:
    operation = match["operation"]
    if operation and operations is not None and operation not in operations:
        raise ThreadlabError(
            f"the scenario's rule {word!r} names an operation that does not exist; there are {', '.join(sorted(operations))}."
        )
    expected, argument = KINDS[match["kind"]].argument, match["argument"]
    if argument is not None:
        allowed = _ARGUMENTS.get(expected)
        try:
            good = argument in allowed if allowed else expected in _NUMERIC and float(argument) >= 0
        except ValueError:
            good = False
        if not good:
            say = f"one of {', '.join(sorted(allowed))}" if allowed else f"a number ({expected})" if expected else "nothing"
            raise ThreadlabError(f"the scenario's rule {word!r}: after the colon {match['kind']} takes {say}.")
    first = int(match["first"] or 1)
    last = None
    if match["first"]:
        last = first if match["last"] is None else int(match["last"]) if match["last"] else None
    percent = float(match["percent"]) if match["percent"] else 100.0
    if first < 1 or (last is not None and last < first) or percent > 100:
        raise ThreadlabError(f"the scenario's rule {word!r}: calls are counted from 1 upwards and a probability is at most 100.")
    return Rule(match["kind"], argument, operation, first, last, percent)


RUN_OPERATIONS = {"createRun", "createThreadAndRun", "submitToolOuputsToRun", "createResponse"}


class Faults:
    """A scenario under way: it counts the calls and says which rules apply."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._random = random.Random(scenario.seed)
        self._seen = [0] * len(scenario.rules)

    def triggered(self, operation: str, phases: tuple[Phase, ...]) -> list[Rule]:
        """The rules of these phases that apply to this call of `operation`. To be asked once a call and phase."""
        struck: list[Rule] = []
        if not self._seen:
            return struck
        for index, rule in enumerate(self.scenario.rules):
            if rule.phase not in phases or (rule.operation is not None and rule.operation != operation):
                continue
            self._seen[index] += 1
            if self._seen[index] < rule.first or (rule.last is not None and self._seen[index] > rule.last):
                continue
            if rule.percent >= 100 or self._random.random() * 100 < rule.percent:
                struck.append(rule)
        return struck
