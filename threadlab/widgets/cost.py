"""The cost meter: tokens and money by turn, for a thread that is left alone, one with a window, and one that is archived now and then.

CostMeter()                       # a conversation of forty turns
CostMeter([(question, answer), …], model="gpt-4o")
CostMeter(evidence)               # the messages of a trial, turn by turn
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from markupsafe import Markup

from threadlab.prices import PUBLISHED
from threadlab.svg import Picture, box, path, text_at
from threadlab.text import tokens
from threadlab.trials.trial import Evidence
from threadlab.widgets import base

BASE = 60
"""Tokens of the instructions and the formatting that every run reads besides the messages (an estimate)."""


class Price(NamedTuple):
    """US dollars for a million tokens."""

    read: Decimal
    written: Decimal
    since: str
    """The day from which it held."""


PRICES: dict[str, Price] = {row["model"]: Price(Decimal(row["input"]), Decimal(row["output"]), row["since"]) for row in PUBLISHED}
"""The newest price of each model in the course's table. Prices change: look them up before you decide anything."""

HEAD = ("turn", "left alone: tokens", "money", "window: tokens", "money", "archive: tokens", "money")
WAYS = ("left alone", "window", "archive")


class Turn(NamedTuple):
    read: int
    written: int


class CostMeter(base.Widget):
    """Counts exactly what the messages cost; a summary that takes the place of archived messages is `summary` tokens long."""

    def __init__(
        self,
        source: Evidence | Sequence[tuple[str, str]] | None = None,
        *,
        model: str = "gpt-6-sol",
        window: int = 10,
        archive: int = 50,
        summary: int = 200,
        prices: dict[str, Price] | None = None,
        title: str = "Cost meter",
    ) -> None:
        super().__init__()
        self.title, self.prices = title, prices or PRICES
        self.model = model if model in self.prices else next(iter(self.prices))
        self.window, self.archive, self.summary = window, archive, summary
        self.turns = _turns(source)

    def do_model(self, value: Any) -> None:
        if str(value) in self.prices:
            self.model = str(value)
            self.said = self._told()

    def do_window(self, value: Any) -> None:
        self.window = max(1, min(100, int(value)))
        self.said = self._told()

    def do_archive(self, value: Any) -> None:
        self.archive = max(4, min(100, int(value)))
        self.said = self._told()

    # ---- counting -----------------------------------------------------------------------------------------------------------------------

    def counted(self) -> dict[str, list[Turn]]:
        """Tokens of each turn, in each way."""
        costs = [(tokens.of_message(question, self.model), tokens.of_message(reply, self.model)) for question, reply in self.turns]
        alone: list[Turn] = []
        windowed: list[Turn] = []
        archived: list[Turn] = []
        thread: list[int] = []
        window: list[int] = []
        for question, reply in costs:
            thread.append(question)
            window.append(question)
            if len(window) > self.archive:
                window = [self.summary, *window[-4:]]
            alone.append(Turn(BASE + sum(thread), reply))
            windowed.append(Turn(BASE + sum(thread[-self.window :]), reply))
            archived.append(Turn(BASE + sum(window), reply))
            thread.append(reply)
            window.append(reply)
        return {"left alone": alone, "window": windowed, "archive": archived}

    def money(self, turns: Sequence[Turn]) -> Decimal:
        price = self.prices[self.model]
        return (sum(turn.read for turn in turns) * price.read + sum(turn.written for turn in turns) * price.written) / 1_000_000

    def _told(self) -> str:
        costs = self.counted()
        alone = self.money(costs["left alone"])
        parts = [f"Left alone, {len(self.turns)} turns cost ${alone:.4f}"]
        for way, name in (("window", f"with the last {self.window} messages"), ("archive", f"archived after {self.archive} messages")):
            cost = self.money(costs[way])
            less = f", {100 * (1 - cost / alone):.0f} % less" if alone and cost < alone else ""
            parts.append(f"{name} ${cost:.4f}{less}")
        return "; ".join(parts) + "."

    def _dated(self) -> str:
        price = self.prices[self.model]
        return (
            f"{self.model}: ${price.read} a million tokens read, ${price.written} written, published, in force since {price.since}. "
            "Prices change."
        )

    # ---- shown --------------------------------------------------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[str, ...]]:
        costs = self.counted()
        rows = []
        step = max(1, len(self.turns) // 20)
        for number in [n for n in range(len(self.turns)) if n % step == step - 1 or n == len(self.turns) - 1]:
            cells: list[str] = []
            for way in WAYS:
                turn = costs[way][number]
                cells += [f"{turn.read + turn.written:,}", f"${self.money([turn]):.5f}"]
            rows.append((str(number + 1), *cells))
        totals: list[str] = []
        for way in WAYS:
            totals += [f"{sum(turn.read + turn.written for turn in costs[way]):,}", f"${self.money(costs[way]):.4f}"]
        return [*rows, ("all", *totals)]

    def picture(self, width: float = 760) -> Picture:
        costs = self.counted()
        most = max(turn.read + turn.written for turns in costs.values() for turn in turns)
        parts = [text_at(16, 26, "tokens read and written, turn by turn", "tl-head")]
        each = (width - 60) / 3
        for place, way in enumerate(WAYS):
            left = 20 + place * (each + 10)
            parts.append(box(left, 40, each, 170, "tl-lane", 4))
            slot = (each - 16) / max(1, len(self.turns))
            for share in (0.5, 1.0):
                level = 205 - 140 * share
                parts.append(path(f"M{left + 4:.1f} {level:.1f}H{left + each - 4:.1f}", "tl-rule"))
                parts.append(text_at(left + 6, level - 3, f"{round(most * share):,}", "tl-name"))
            for number, turn in enumerate(costs[way]):
                high = 140 * (turn.read + turn.written) / most
                parts.append(box(left + 8 + number * slot, 205 - high, max(1.0, slot * 0.8), high, "tl-bar", 0))
            name = {"left alone": way, "window": f"window: last {self.window}", "archive": f"archive after {self.archive}"}[way]
            total = sum(turn.read + turn.written for turn in costs[way])
            parts.append(text_at(left + 4, 230, name, "tl-strong"))
            parts.append(text_at(left + 4, 248, f"{total:,} tokens, ${self.money(costs[way]):.4f}"))
            parts.append(path(f"M{left + 4:.1f} 205.5H{left + each - 4:.1f}", "tl-go"))
        parts.append(text_at(16, 274, self._dated(), "tl-dim"))
        return Picture(parts, self.title, f"{self.title}. {self._told()}", width, 290)

    def _table(self) -> Markup:
        return base.table(f"Turn by turn, {self._dated()}", HEAD, self._rows(), numbers=range(1, 7))

    def body(self) -> Markup:
        models = base.select("model", "Model", [(name, f"{name} ({price.since})") for name, price in self.prices.items()], self.model)
        window = base.slider("window", "Window (messages)", self.window, 1, 100)
        archive = base.slider("archive", "Archive after (messages)", self.archive, 4, 100)
        bars = [base.bar(models), base.bar(window), base.bar(archive)]
        same = base.folded("The same as a table", self._table())
        return base.joined([*bars, base.paragraph(self._told()), self.picture().inside(), same])

    def still(self) -> Markup:
        return base.joined([base.paragraph(self._told()), self.picture().image(), self._table()])

    def text(self) -> str:
        return f"{self.title}\n{self._told()}\n{self._dated()}\n\n{base.plain_table(HEAD, self._rows())}"


def _turns(source: Evidence | Sequence[tuple[str, str]] | None) -> list[tuple[str, str]]:
    if source is None:
        question = "What is the capital of the country that I asked about before, and how many people live there?"
        return [(question, "The capital is Lisbon. Portugal has about ten and a half million inhabitants.")] * 40
    if not isinstance(source, Evidence):
        return list(source)
    threads = dict.fromkeys(entry.home_id for entry in source.journal if entry.home_id)
    turns: list[tuple[str, str]] = []
    for thread_id in threads:
        asked_texts: list[str] = []
        for message in source.messages(thread_id):
            if message.role == "user":
                asked_texts.append(message.text)
            else:
                turns.append(("\n".join(asked_texts), message.text))
                asked_texts = []
        if asked_texts:
            turns.append(("\n".join(asked_texts), ""))
    return turns or [("", "")]
