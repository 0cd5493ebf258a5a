"""The first part of `conversation-budget`: what runs cost, to the cent, at the prices of their days."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from autograder.checks.drawn import chance
from autograder.checks.seen import short
from autograder.judging.behaviours import Behaviour, Found, Occasion, Part, Scene, Sentence
from threadlab.prices import PER, PUBLISHED
from threadlab.trials.trial import Evidence, World

CENT = Decimal("0.01")
Usage = Mapping[str, Any]
PRICES: list[dict[str, str]] = [{name: str(value) for name, value in row.items()} for row in reversed(PUBLISHED)]
"""As `cost_of` gets them: not in the order of their days."""


def _used(model: str, day: str, read: int, written: int = 0) -> Usage:
    return {"model": model, "day": day, "prompt_tokens": read, "completion_tokens": written}


def reckoned(usages: Sequence[Usage | None], prices: Sequence[Mapping[str, str]] = PRICES) -> Decimal:
    """What these runs cost, to the cent. Raises LookupError when there is no price for one."""
    total = Decimal(0)
    for used in usages:
        if used is None:
            continue
        known = [row for row in prices if row["model"] == used["model"] and row["since"] <= used["day"]]
        if not known:
            raise LookupError(used["model"])
        price = max(known, key=lambda row: row["since"])
        total += used["prompt_tokens"] * Decimal(price["input"]) + used["completion_tokens"] * Decimal(price["output"])
    return (total / PER).quantize(CENT, ROUND_HALF_UP)


BILLS: dict[str, list[Usage | None]] = {
    "forty runs": [_used("gpt-4-1106-preview", "2024-02-01", 5_000 + 250 * number, 300) for number in range(40)],
    "the day before": [_used("gpt-4o", "2024-10-01", 400_000, 20_000)],
    "the day": [_used("gpt-4o", "2024-10-02", 400_000, 20_000)],
    "many models": [
        _used("gpt-4o", "2024-12-24", 812_345, 34_567),
        _used("gpt-4o-mini", "2024-12-24", 7_123_456, 654_321),
        _used("gpt-4o", "2024-05-13", 812_345, 34_567),
        _used("gpt-4.1", "2026-03-01", 1_234_567, 98_765),
        _used("gpt-4o-2024-08-06", "2024-09-01", 500_000, 50_000),
    ],
    "less than a cent each": [_used("gpt-4.1-mini", "2025-06-01", 9_000, 250) for _ in range(150)],
    "half a cent": [_used("gpt-4o", "2025-01-15", 1_000) for _ in range(402)],
    "half a cent, not exact in binary": [_used("gpt-4o-mini", "2025-01-15", 100_000)],
    "half a cent, in many parts": [_used("gpt-4o-mini", "2025-01-15", 556, 111) for _ in range(300)],
    "less than half a cent over": [_used("gpt-4o", "2025-01-15", 400_800)],
    "read and written, less than half a cent each": [_used("gpt-4o", "2025-01-15", 1_600, 400)],
    "two models, less than half a cent each": [_used("gpt-4o", "2025-01-15", 1_600), _used("gpt-4o-mini", "2025-01-15", 26_000)],
    "two days, less than half a cent each": [_used("gpt-4o", "2025-01-15", 1_600), _used("gpt-4o", "2025-01-16", 1_600)],
    "less than a millionth below half a cent": [_used("gpt-4o-mini", "2025-01-15", 33_333)],
    "less than half a cent on ten thousand dollars": [
        _used("gpt-4o", "2025-01-15", 4_000_000_000),
        _used("gpt-4o-mini", "2025-01-15", 33_333),
    ],
    "less than a hundredth of a cent each": [_used("gpt-4o-mini", "2025-01-15", 290) for _ in range(342)],
    "runs without usage": [None, _used("gpt-4o", "2025-01-15", 300_000, 10_000), None],
    "no runs": [],
}
"""What each scene has `cost_of` reckon."""
HOUSE = {
    "prices that go down and up again": [
        _used("house", day, read, 3_000_000)
        for day, read in (("2025-02-01", 1_000_000), ("2025-03-05", 2_000_000), ("2025-04-30", 3_000_000), ("2025-05-02", 4_000_000))
    ]
}
"""Bills at prices that nobody has published."""


def drawn_prices() -> list[dict[str, str]]:
    """Prices of the scene's own, in an order of their own; the model's price goes down, and up again. None is in whole cents. The model
    leaves before its last runs, and another one has the same name with a capital letter."""
    source = chance("house prices")
    mills = [source.randint(40, 180) * 50 + 3 for _ in range(3)]
    rows = [
        {"model": "house", "since": since, "input": str(Decimal(one) / 1000), "output": str(Decimal(4 * one) / 1000)}
        for since, one in zip(("2024-11-01", "2025-03-01", "2025-05-01"), (mills[0] + 10_000, mills[1], mills[2] + 20_000), strict=True)
    ]
    others = [{"model": "house-large", "since": row["since"], "input": "99.00", "output": "199.00"} for row in rows]
    namesake = {"model": "House", "since": "2025-05-02", "input": "77.00", "output": "177.00"}
    table = [rows[1], others[0], rows[2], others[2], rows[0], others[1], namesake]
    return [{**row, "ends": "2025-04-15", "source": "made up"} for row in table]


NO_PRICE: dict[str, list[Usage | None]] = {
    "a model that has no price": [_used("gpt-4o", "2025-01-15", 300_000), _used("gpt-4.5-preview", "2025-03-01", 300_000)],
    "a snapshot that has no price of its own": [_used("gpt-4o", "2025-01-15", 300_000), _used("gpt-4o-2024-11-20", "2025-01-15", 300_000)],
    "a day before the first price": [_used("gpt-4o", "2024-05-12", 300_000)],
}


def _bill(name: str, usages: Sequence[Usage | None], prices: Callable[[], list[dict[str, str]]] = lambda: PRICES) -> Scene:
    world = lambda: World(lambda client: {"usages": usages, "prices": prices()})  # noqa: E731
    return Scene(name, world, lambda given: [given["usages"], given["prices"]], entry="cost_of", bound=1)


def _bills(name: str, each: Sequence[tuple[Sequence[Usage | None], Callable[[], list[dict[str, str]]]]]) -> Scene:
    """Several bills in one program, one after the other, each with a table of its own."""
    world = lambda: World(lambda client: {"bills": [[usages, prices()] for usages, prices in each]})  # noqa: E731
    return Scene(name, world, lambda given: given["bills"], entry="cost_of", driver="calls", bound=1)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, dict) and value.get("$") == "Decimal":
        return Decimal(str(value["repr"]).removeprefix("Decimal('").removesuffix("')"))
    return None


def reckons(evidence: Evidence) -> Found:
    if "bills" in evidence.given:
        bills, values = evidence.given["bills"], evidence.value if isinstance(evidence.value, list) else []
        if all(value is None for value in values):
            return Occasion.NONE
        found = (_wrong_bill(usages, prices, value) for (usages, prices), value in zip(bills, values, strict=False))
        return next((one for one in found if one is not None), None)
    if evidence.value is None:
        return Occasion.NONE
    return _wrong_bill(evidence.given["usages"], evidence.given["prices"], evidence.value)


def _wrong_bill(usages: Sequence[Usage | None], prices: Sequence[Mapping[str, str]], value: Any) -> str | None:
    """What is wrong with a bill, as a sentence; None if it is right."""
    wanted, got = reckoned(usages, prices), _decimal(value)
    runs = f"{len(usages)} run{'' if len(usages) == 1 else 's'}"
    if got is None and not isinstance(value, float):
        return Sentence("returned_no_decimal", f"it returned {short(value)} for {runs}; a Decimal was expected.")
    if got is None:
        return Sentence(
            "returned_decimal_wanted_since_float",
            f"it returned {short(value)}; a Decimal was expected, since a float is not the price but something near it.",
        )
    if got == wanted:
        return None
    first = next((one for one in usages if one), None)
    shown = ", the first {model} on {day}: {prompt_tokens} and {completion_tokens} tokens".format_map(first) if first else ""
    return Sentence("returned", f"for {runs}{shown}, it returned {got}, and it is {wanted}.")


def raises_without_a_price(evidence: Evidence) -> Found:
    usages = evidence.given["usages"]
    raised = evidence.ending.how == "raised"
    try:
        reckoned(usages, evidence.given["prices"])
    except LookupError:
        if raised:
            return None
        if evidence.value is None:
            return Occasion.NONE
        got = _decimal(evidence.value)
        shown = short(evidence.value) if got is None else str(got)
        return Sentence(
            "no_price_returned_bill_hole",
            f"there is no price for {usages[-1]['model']} on {usages[-1]['day']}, and it returned {shown}: a bill with a hole looks "
            "cheap; raise an error.",
        )
    return (
        Sentence("raised_where_every_run_has", f"it raised {evidence.ending.type} where every run has a price: {evidence.ending.message}")
        if raised
        else Occasion.NONE
    )


TWO_TABLES, NONE_AFTER_SOME = "two tables in one program", "no runs after some"


def _dearer() -> list[dict[str, str]]:
    """The published prices, each ten dollars higher."""
    return [{**row, "input": str(Decimal(row["input"]) + 10), "output": str(Decimal(row["output"]) + 10)} for row in PRICES]


EXACT = tuple(name for name in BILLS if "cent" in name)

COST_OF = Part(
    "cost_of",
    (
        Behaviour("adds_up", 2, "What was read and what was written are each paid at their price.", reckons, ("forty runs",)),
        Behaviour(
            "price_of_the_day",
            2,
            "Each run is paid at the price that its model had on its day.",
            reckons,
            ("the day before", "the day", "many models", *HOUSE, TWO_TABLES),
        ),
        Behaviour(
            "exact_to_the_cent",
            2,
            "The sum is exact, and rounded once; half a cent goes up.",
            reckons,
            EXACT,
        ),
        Behaviour(
            "no_usage_costs_nothing",
            1,
            "A run without usage costs nothing, nor does no run.",
            reckons,
            ("runs without usage", "no runs", NONE_AFTER_SOME),
        ),
        Behaviour(
            "raises_without_a_price",
            1,
            "What has no price raises an error.",
            raises_without_a_price,
            ("forty runs", *NO_PRICE),
            any_ending=True,
        ),
    ),
    (
        *(_bill(name, usages) for name, usages in {**BILLS, **NO_PRICE}.items()),
        *(_bill(name, usages, drawn_prices) for name, usages in HOUSE.items()),
        _bills(TWO_TABLES, [(BILLS["the day"], lambda: PRICES), (BILLS["the day"], _dearer)]),
        _bills(NONE_AFTER_SOME, [(BILLS["the day"], lambda: PRICES), ([], lambda: PRICES)]),
    ),
    promises={
        "no run, one, several, many": ("no runs", NONE_AFTER_SOME, "the day", "many models", "forty runs"),
        "a table of prices, in any order, whatever is in it": ("many models", *HOUSE, TWO_TABLES),
        "a price that is not in whole cents": tuple(HOUSE),
        "exactly, rounded once, half a cent up": EXACT,
        "no usage": ("runs without usage", "no runs"),
        "no price": tuple(NO_PRICE),
        "the price of the day": ("the day before", "the day", *HOUSE),
    },
)
