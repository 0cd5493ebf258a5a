"""The race stepper: every delivery order, moment by moment; and what is delivered next is for the reader to choose.

Race(hurried, ASYNC_CLIENT, *world.given, SIXTH, world=world)    # explores, and can run an order that you choose
Race(explore(…))                                                 # looks at orders that were visited
Race(evidence)  Race(service.journal)                            # one order, or what a service of your own has seen
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from threadlab.engine.journal import Journal
from threadlab.trials.explore import BOUND, Exploration, explore
from threadlab.trials.rows import Row, _value, _words
from threadlab.trials.timeline import COLUMNS, Timeline, _counted
from threadlab.trials.trial import Evidence, World
from threadlab.widgets import base
from threadlab.widgets.lanes import around, lanes, sentence
from threadlab.widgets.moments import Moments
from threadlab.widgets.rerun import Turn, Watched, quietly, watch

STILL = 60
"""Rows of a timeline on paper."""


def went_wrong(evidence: Evidence) -> bool:
    """The usual reading of failing: it did not return, something was refused, or something was started and not waited for."""
    ending = evidence.ending
    left = ending.task_errors or ending.forgotten or ending.never_awaited
    return not evidence.returned or bool(left) or bool(evidence.requests(ok=False))


def outcome(evidence: Evidence) -> str:
    """How an order ends, in a few words."""
    read = [len(entry.window) for entry in evidence.requests("createRun", ok=True)]
    refused = len(evidence.requests(ok=False))
    ending = evidence.ending
    parts = [f"the run reads {' and '.join(map(str, read))} messages"] if read else []
    parts += [f"{refused} request{'' if refused == 1 else 's'} refused"] if refused else []
    parts.append(f"returns {_value(ending.value)}" if evidence.returned else f"{ending.how} {ending.type}".strip())
    parts += ["an error that was never looked at"] if ending.task_errors else []
    return "; ".join(parts)


class Race(base.Widget):
    """Steps through delivery orders. `fails` says which orders are bad (default: `went_wrong`); the first of them is shown first."""

    def __init__(
        self,
        source: Callable[..., Any] | Exploration | Evidence | Journal,
        *args: Any,
        world: World | None = None,
        bound: int = BOUND,
        fails: Callable[[Evidence], bool] = went_wrong,
        title: str = "Race stepper",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.title, self.coverage = title, ""
        self._function: Callable[..., Any] | None = None
        self._args, self._kwargs, self._world = args, kwargs, world or World()
        visited: list[Evidence] = []
        if isinstance(source, Exploration):
            visited, self.coverage = list(source), source.coverage()
        elif isinstance(source, Evidence):
            visited = [source]
        elif not isinstance(source, Journal):
            self._function = source
            # The first trial in a process imports as it goes, which can change the order in which its requests leave; this one is not kept.
            watch(source, args, kwargs, self._world)
            exploration = quietly(lambda: explore(source, *args, world=self._world, bound=bound, **kwargs))
            visited, self.coverage = list(exploration), exploration.coverage()
        self.bad = {id(one): bool(fails(one)) for one in visited}
        self._fails = fails
        self.orders = sorted(visited, key=lambda one: not self.bad[id(one)])
        """The failing ones first; otherwise the simplest first."""
        self.position = 0
        self.evidence: Evidence | None = None
        self.turns: list[Turn] = []
        self._lines: dict[int, Any] = {}
        if isinstance(source, Journal):
            self.moments = Moments(source)
        else:
            self._open(self.orders[0])
            self.position = self._due_rows[0] if self._due_rows else min(1, len(self.moments))

    # ---- which order --------------------------------------------------------------------------------------------------------------------

    def _open(self, evidence: Evidence) -> None:
        if self._function is not None:
            self._take(watch(self._function, self._args, self._kwargs, self._world, evidence.order))
        else:
            self._take(Watched(evidence, {}, []))

    def _take(self, watched: Watched) -> None:
        self.evidence, self._lines, self.turns = watched
        self.moments = Moments(watched.evidence)
        self._due_rows = [self.moments.row_after(turn.entries) for turn in self.turns]

    @property
    def rows(self) -> list[Row]:
        return self.moments.rows

    @property
    def index(self) -> int | None:
        """Which of the visited orders this is; None: one of the reader's own."""
        order = self.evidence.order if self.evidence else ()
        return next((index for index, one in enumerate(self.orders) if one.order == order), None)

    def do_order(self, value: Any) -> None:
        self._open(self.orders[int(value)])
        self.position = self._due_rows[0] if self._due_rows else min(1, len(self.rows))
        self.said = f"{self._name(int(value))}."

    def do_choose(self, value: Any) -> None:
        """`"2-1"`: at choice 2 (counted from 0), deliver option 1."""
        assert self.evidence is not None
        at, option = (int(part) for part in str(value).split("-"))
        prefix = (*self.evidence.order[:at], option)
        label = self.evidence.choices[at].options[option]
        if self._function is not None:
            self._take(watch(self._function, self._args, self._kwargs, self._world, prefix))
            self.position = min(len(self.rows), self._due_rows[at] + 1)
        else:
            match = next((one for one in self.orders if one.order[: at + 1] == prefix), None)
            if match is None:
                self.said = "No order that was visited goes this way; hand over the function itself, and it will be run."
                return
            self._open(match)
            self.position = len(self.rows)
        self.said = f"You chose: {_spoken(label)}. This order ends so: {outcome(self.evidence)}."

    # ---- which moment -------------------------------------------------------------------------------------------------------------------

    def do_step(self, value: Any) -> None:
        self.position = max(0, min(len(self.rows), int(value)))

    def do_move(self, value: Any) -> None:
        self.do_step({"first": 0, "back": self.position - 1, "next": self.position + 1, "last": len(self.rows)}[str(value)])
        if self.position and value in ("back", "next"):
            self.said = f"Moment {self.position}: {sentence(self.rows[self.position - 1])}"

    def do_fork(self, value: Any) -> None:
        later = [row for row in self._due_rows if row > self.position] if self.turns else []
        self.position = later[0] if later else self.position
        self.said = "" if later else "There is no choice after this moment."

    # ---- alive --------------------------------------------------------------------------------------------------------------------------

    def body(self) -> Markup:
        count, end = len(self.rows), self.position >= len(self.rows)
        moves = [("first", "First", not self.position), ("back", "◀ Back", not self.position)]
        moves += [("next", "Next ▶", end), ("last", "Last", end)]
        steps = base.joined(base.button("move", label, value, off=off, main=value == "next") for value, label, off in moves)
        ahead = any(row > self.position for row in self._due_rows) if self.turns else False
        fork = base.button("fork", "Next choice", "", off=not ahead) if self.turns else Markup("")
        slide = base.slider("step", "Moment", self.position, 0, count, said=f"{self.position} of {count}")
        picture = lanes(self.rows, self.position, title=self._heading()).inside()
        here = around(count, self.position, 12)
        rows = base.table(
            f"Moments {here.start + 1} to {here.stop} of {count}", COLUMNS, self._cells(here), now=self.position - 1 - here.start
        )
        beside = self._seen() + self._line()
        two = Markup('<div class="tl-two"><div>{}</div><div>{}</div></div>').format(picture, beside)
        same = base.folded("The same as a table", rows)
        return base.joined([self._order_bar(), base.bar(steps, fork, slide), self._choice(), two, self._choices(), same])

    def _order_bar(self) -> Markup:
        if not self.orders:
            return Markup("")
        position = self.index
        options = [(str(index), f"{self._name(index)} ({_short(one.steps(), 90)})") for index, one in enumerate(self.orders)]
        if position is None:
            options.insert(0, ("", f"your own order: {self._ends()}"))
        pick = base.select("order", "Order", options, "" if position is None else str(position)) if len(options) > 1 else Markup("")
        bad = sum(self.bad.values())
        summary = (
            f"{self.coverage[:1].upper()}{self.coverage[1:]}; {bad} of {len(self.orders)} fail{'s' if bad == 1 else ''}."
            if self.coverage
            else ""
        )
        return base.paragraph(f"{summary} This one: {self._ends()}.") + base.bar(pick)

    def _ends(self) -> str:
        if self.evidence is None:
            return ""
        return f"{'✗ fails' if self._fails(self.evidence) else '✓ passes'}: {outcome(self.evidence)}"

    def _name(self, index: int) -> str:
        one = self.orders[index]
        return f"{index + 1}. {'✗ fails' if self.bad[id(one)] else '✓ passes'}: {outcome(one)}"

    def _heading(self) -> str:
        if self.evidence is None:
            return self.title
        return f"{self.title}, order {self.index + 1}" if self.index is not None else f"{self.title}, an order of your own"

    def _choice(self) -> Markup:
        """What can be delivered at this moment."""
        due = [number for number, row in enumerate(self._due_rows) if row == self.position] if self.turns else []
        if not due or self.evidence is None:
            return Markup("")
        return Markup(
            "<fieldset><legend>What is delivered next? Choose.</legend>{}"
            '<p class="tl-dim-text">The pressed button is what happens in this order. Press another one: the code is run again up to this '
            "point, and then your choice is followed.</p>"
            "</fieldset>"
        ).format(base.joined(self._options(number) for number in due[:3]))

    def _options(self, number: int) -> Markup:
        assert self.evidence is not None
        choice = self.evidence.choices[number]
        buttons = base.joined(
            base.button("choose", _spoken(label), f"{number}-{index}", pressed=index == choice.taken)
            for index, label in enumerate(choice.options)
        )
        return base.bar(buttons)

    def _choices(self) -> Markup:
        """All choices of this order, to be changed anywhere."""
        if self.evidence is None or not self.evidence.choices:
            return Markup("")
        count = len(self.evidence.choices)
        items = base.joined(Markup("<li>{}</li>").format(self._options(number)) for number in range(min(count, 30)))
        more = base.paragraph(f"… and {count - 30} more.") if count > 30 else Markup("")
        return base.folded(f"All choices of this order ({count})", Markup("<ol>{}</ol>{}").format(items, more))

    def _seen(self, place: int | None = None, when: str = "at this moment") -> Markup:
        """What the run could see at this moment."""
        place = self.moments.happened(self.position) if place is None else place
        parts = []
        for name, thread_id in enumerate(list(self.moments.threads())[:3]):
            views = self.moments.views(thread_id, place)
            run = self.moments.run_at(thread_id, place)
            several = f" {chr(65 + name)}" if len(self.moments.said) > 1 else ""
            state = f"run {run[1].replace('_', ' ')}, reads {len(run[0].window)}" if run else "no run yet"
            last = views[-8:]
            rows = [("● read" if one.read else "○ not read", f"{one.said.role}: {_short(one.said.text)}", one.seen) for one in last]
            hidden = f" (the last {len(last)} are shown)" if len(views) > len(last) else ""
            caption = f"Thread{several}: {len(views)} message{'' if len(views) == 1 else 's'}, {state}{hidden}"
            parts.append(base.table(caption, ("", "message", "why"), rows))
        heading = Markup("<h4>What the run can see {}</h4>").format(when)
        return heading + (base.joined(parts) or base.paragraph("Nothing: there is no thread yet."))

    def _line(self) -> Markup:
        """The journal's lines of this moment, and the line of code that sent what it is about."""
        if not self.position:
            return Markup("")
        row = self.rows[self.position - 1]
        entries = self.moments.lines(self.position - 1)
        start = self.moments.start
        lines_shown = "\n".join(entry.line(start) for entry in entries) if entries else "The code has ended: no line of the journal."
        number = row.sent if row.sent is not None else row.arrived
        line = self._lines.get(number) if number is not None else None
        source = Markup("")
        if line is not None:
            here, other = Markup('<span class="tl-here">→ {:>3} {}</span>'), Markup("  {:>3} {}\n")
            code = base.joined((here if at == line.number else other).format(at, text) for at, text in line.around())
            verb = "sends this" if row.sent is not None else "sent this"
            listing = Markup('<h4>The line that {}</h4><pre tabindex="0" aria-label="Source code, line {} marked">{}</pre>')
            source = listing.format(verb, line.number, code)
        journal = Markup('<h4>The journal here</h4><pre tabindex="0" aria-label="Lines of the journal">{}</pre>')
        return source + journal.format(lines_shown)

    # ---- still --------------------------------------------------------------------------------------------------------------------------

    def _cells(self, here: range) -> list[tuple[str, str, str, str, str]]:
        return [
            (f"{row.at:.2f} s", _counted(row), ", ".join(row.in_flight) or "–", row.thread, row.run)
            for row in (self.rows[index] for index in here)
        ]

    def still(self) -> Markup:
        """The failing order as a picture and a table, what its run could see, and the list of orders."""
        here = range(min(len(self.rows), STILL))
        picture = lanes(self.rows, len(here), title=self._heading(), width=820, shown=STILL, whole=True)
        more = base.paragraph(f"The first {STILL} of {len(self.rows)} moments.") if len(self.rows) > STILL else Markup("")
        listed = base.table("Orders", ("order", "ends so", "what was delivered"), self._listed()) if self.orders else Markup("")
        rows = base.table("The same as a table", COLUMNS, self._cells(here))
        end = self._seen(len(self.moments.entries) - 1, "at the end")
        ending = base.paragraph(f"{self._ends()}.") if self.evidence else Markup("")
        return base.joined([ending, picture.image(), more, rows, end, listed])

    def _listed(self) -> list[tuple[str, str, str]]:
        return [
            (str(index + 1), self._name(index).partition(". ")[2], _short(one.steps().replace("→", "then"), 120))
            for index, one in enumerate(self.orders[:40])
        ]

    def text(self) -> str:
        timeline = Timeline(Journal(), self.title)
        timeline.rows = self.rows[:400]
        more = f"\n… and {len(self.rows) - 400} more moments." if len(self.rows) > 400 else ""
        orders = base.plain_table(("order", "ends so"), [row[:2] for row in self._listed()]) + "\n\n" if self.orders else ""
        return f"{self.title}\n\n{orders}{self._ends()}\n{timeline.text()}{more}"


def _spoken(label: str) -> str:
    """An option as a person would say it."""
    operation, _, rest = label.partition(" ")
    if label == "time passes" or rest in ("never arrives", "arrives all the same"):
        return "let time pass" if label == "time passes" else f"{_words(operation)} {rest}"
    return " ".join(part for part in ("deliver", _words(operation), rest) if part)


def _short(text: str, most: int = 60) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
