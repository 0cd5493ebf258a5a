"""Fault knobs: switches that make a scenario, and the reader's function run against it, seed by seed.

FaultKnobs(resilient_turn, CLIENT, setup=five_messages)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from markupsafe import Markup

from threadlab.engine.faults import _ARGUMENTS, _NUMERIC, KINDS, RUN_OPERATIONS, Rule, Scenario, parse
from threadlab.engine.routes import OPERATIONS
from threadlab.trials.trial import Evidence, World, trial
from threadlab.widgets import base
from threadlab.widgets.rerun import quietly
from threadlab.widgets.stepper import outcome

PHASES = {
    "before": "Before the request is carried out",
    "after": "After it was carried out",
    "run": "During the run",
    "cancel": "While cancelling",
    "stream": "During a stream",
    "file": "While a file is processed",
}
USUAL = ("createMessage", "createRun", "getRun", "listMessages", "createThread", "cancelRun", "submitToolOuputsToRun")
"""Operations that are offered, first to last; those that the service does not know are left out."""
MOST = 50
DEFAULTS = {"seconds": "2", "count": "2", "events": "3"}


class Knob(NamedTuple):
    """One fault as it is set."""

    on: bool = False
    operation: str = ""
    argument: str = ""
    percent: int = 100
    first: int = 1
    last: int | None = None
    """Which calls of the operation, counted from 1; without a last one, all from the first on."""


class Result(NamedTuple):
    seed: int
    failed: bool
    ends: str
    requests: int
    seconds: float


class FaultKnobs(base.Widget):
    """`setup` prepares the world, as for `World`; what it returns is handed over after the first of `args`, the client.

    `faults`: which are offered (default: all). `fails`: which endings are bad (default: everything but returning).
    """

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        *args: Any,
        setup: Callable[..., Any] | None = None,
        scenario: str = "",
        seeds: int = 10,
        faults: tuple[str, ...] = (),
        fails: Callable[[Evidence], bool] | None = None,
        title: str = "Fault knobs",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.title, self.seeds = title, max(1, min(MOST, seeds))
        self._function, self._args, self._kwargs, self._setup = function, args, kwargs, setup
        self._fails = fails or (lambda evidence: not evidence.returned)
        self.knobs = {kind: Knob() for kind in faults or KINDS}
        for rule in parse(scenario, OPERATIONS).rules:
            self.knobs[rule.kind] = Knob(True, rule.operation or "", rule.argument or "", round(rule.percent), rule.first, rule.last)
        self.results: list[Result] = []
        self.done = 0

    # ---- the scenario -------------------------------------------------------------------------------------------------------------------

    def rules(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(kind, knob.argument or None, knob.operation or None, knob.first, knob.last, float(knob.percent))
            for kind, knob in self.knobs.items()
            if knob.on
        )

    @property
    def scenario(self) -> str:
        """The string that says the same as the knobs."""
        return str(Scenario(self.rules()))

    def _set(self, kind: str, **fields: Any) -> None:
        before = self.scenario
        self.knobs[kind] = self.knobs[kind]._replace(**fields)
        try:
            parse(self.scenario, OPERATIONS)
        except Exception:
            self.knobs[kind] = self.knobs[kind]._replace(on=False)
            raise
        if self.scenario != before:
            self.results, self.done = [], 0
        self.said = f"Scenario: {self.scenario or 'nothing goes wrong'}"

    def do_switch(self, value: Any, kind: str) -> None:
        self._set(kind, on=value is True or value == "true")

    def do_operation(self, value: Any, kind: str) -> None:
        self._set(kind, operation=str(value))

    def do_argument(self, value: Any, kind: str) -> None:
        self._set(kind, argument=str(value))

    def do_calls(self, value: Any, kind: str) -> None:
        """`""` for all of them, `"2"` for the second, `"2-4"`, `"2-"` from the second on."""
        first, dash, last = str(value).strip().removeprefix("#").partition("-")
        begin = int(first or 1)
        self._set(kind, first=begin, last=(int(last) if last else None) if dash or not first else begin)

    def do_percent(self, value: Any, kind: str) -> None:
        self._set(kind, percent=max(1, min(100, int(value))))

    def do_seeds(self, value: Any) -> None:
        self.seeds = max(1, min(MOST, int(value)))

    # ---- running ------------------------------------------------------------------------------------------------------------------------

    def do_run(self, value: Any = "") -> None:
        """The function, once with each seed; the view shows how far it is."""
        if self._function is None:
            self.said = "There is no function to run: hand one over, as in FaultKnobs(function, …)."
            return
        self.results, self.done = [], 0
        for seed in range(1, self.seeds + 1):
            self.results.append(quietly(partial(self._once, seed)))
            self.done = seed
            if seed < self.seeds:
                self.show()
        bad = sum(result.failed for result in self.results)
        self.said = f"{bad} of {self.seeds} seeds fail." if bad else f"All {self.seeds} seeds pass."

    def _once(self, seed: int) -> Result:
        assert self._function is not None
        world = World(self._setup, scenario=f"{self.scenario} seed:{seed}", seed=seed)
        arguments = world.given if isinstance(world.given, tuple) else () if world.given is None else (world.given,)
        client, rest = self._args[:1], self._args[1:]
        evidence = trial(self._function, *client, *arguments, *rest, world=world, **self._kwargs)
        return Result(seed, self._fails(evidence), outcome(evidence), len(evidence.requests()), evidence.seconds)

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def body(self) -> Markup:
        groups = []
        for phase, name in PHASES.items():
            kinds = [kind for kind in self.knobs if KINDS[kind].phase == phase]
            if kinds:
                on = sum(self.knobs[kind].on for kind in kinds)
                inside = base.joined(self._knob(kind) for kind in kinds)
                open_ = Markup(" open") if on or len(self.knobs) <= 8 else ""
                group = Markup('<details{} data-key="{}"><summary>{} ({} on)</summary>{}</details>')
                groups.append(group.format(open_, phase, name, on, inside))
        seeds = base.slider("seeds", "Seeds", self.seeds, 1, MOST)
        run = base.button("run", "Run against it", main=True) if self._function is not None else Markup("")
        scenario = Markup('<p>Scenario: <code data-key="scenario">{}</code></p>').format(self.scenario or "(nothing goes wrong)")
        return base.joined([*groups, scenario, base.bar(seeds, run, self._progress()), self._table()])

    def _knob(self, kind: str) -> Markup:
        knob, about = self.knobs[kind], KINDS[kind]
        box = Markup(
            '<label><input type="checkbox" data-act="switch" data-value="{0}" data-key="{0}"{1}><code>{0}</code> {2}</label>'
        ).format(kind, Markup(" checked") if knob.on else "", about.meaning)
        if not knob.on:
            return Markup('<div data-key="{}">{}</div>').format(kind, box)
        more = self._argument(kind, about.argument)
        names = [name for name in USUAL if name in OPERATIONS and (about.phase != "run" or name in RUN_OPERATIONS)]
        if knob.operation and knob.operation not in names:
            names.append(knob.operation)
        options = [("", "every operation" if about.phase != "run" else "every run"), *((name, name) for name in names)]
        more += base.select("operation", "at", options, knob.operation, of=kind)
        calls = Markup(
            '<label>calls <input type="text" size="5" data-act="calls" data-value="{0}" data-key="calls-{0}" '
            'placeholder="all" value="{1}"></label>'
        )
        more += calls.format(kind, _calls(knob))
        more += base.slider("percent", "how often", knob.percent, 1, 100, said=f"{knob.percent} %", of=kind)
        group = Markup('<div data-key="{0}">{1}<div class="tl-bar-row" role="group" aria-label="Settings of {0}">{2}</div></div>')
        return group.format(kind, box, more)

    def _argument(self, kind: str, wanted: str) -> Markup:
        knob = self.knobs[kind]
        if wanted in _NUMERIC:
            return Markup(
                '<label>{wanted} <input type="number" min="0" max="3600" step="any" size="6" data-act="argument" data-value="{kind}" '
                'data-key="argument-{kind}" placeholder="{usual}" value="{value}"></label>'
            ).format(wanted=wanted, kind=kind, usual=DEFAULTS[wanted], value=knob.argument)
        if wanted in _ARGUMENTS:
            options = [("", "(usual)"), *((name, name) for name in sorted(_ARGUMENTS[wanted]))]
            return base.select("argument", wanted, options, knob.argument, of=kind)
        return Markup("")

    def _progress(self) -> Markup:
        if not self.done:
            return Markup("")
        shape = Markup(
            '<label>Progress <progress max="{0}" value="{1}" aria-label="Progress">{1}</progress></label><span>{1} of {0}</span>'
        )
        return shape.format(self.seeds, self.done)

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (str(one.seed), "✗ fails" if one.failed else "✓ passes", one.ends, str(one.requests), f"{one.seconds:.2f} s")
            for one in self.results
        ]

    def _table(self) -> Markup:
        if not self.results:
            return Markup("")
        return base.table("Seed by seed", ("seed", "verdict", "ends so", "requests", "virtual time"), self._rows(), numbers=(3, 4))

    def still(self) -> Markup:
        rows = [(kind, KINDS[kind].meaning, str(Scenario((rule,)))) for rule in self.rules() for kind in (rule.kind,)]
        faults = base.table("What goes wrong", ("fault", "meaning", "rule"), rows)
        scenario = Markup("<p>Scenario: <code>{}</code></p>").format(self.scenario or "(nothing goes wrong)")
        return base.joined([scenario, faults, self._table()])

    def text(self) -> str:
        lines = [self.title, f"Scenario: {self.scenario or '(nothing goes wrong)'}"]
        lines += [f"  {rule.kind}: {KINDS[rule.kind].meaning}" for rule in self.rules()]
        if self.results:
            lines += ["", base.plain_table(("seed", "verdict", "ends so", "requests", "virtual time"), self._rows())]
        return "\n".join(lines)


def _calls(knob: Knob) -> str:
    if knob.last is None:
        return "" if knob.first == 1 else f"{knob.first}-"
    return str(knob.first) if knob.first == knob.last else f"{knob.first}-{knob.last}"
