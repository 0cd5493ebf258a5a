"""The table of prices: what a bill rests on."""

from datetime import date
from decimal import Decimal

from threadlab.prices import PUBLISHED
from threadlab.widgets.cost import PRICES


def test_every_price_has_a_day_and_a_source() -> None:
    for row in PUBLISHED:
        assert date.fromisoformat(row["since"]).isoformat() == row["since"]
        assert len(row["source"]) > 20
        assert Decimal(row["input"]) < Decimal(row["output"])


def test_model_has_one_price_a_day() -> None:
    keys = [(row["model"], row["since"]) for row in PUBLISHED]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys, key=lambda key: key[1])


def test_widget_shows_the_newest_price() -> None:
    assert PRICES["gpt-4o"] == (Decimal("2.50"), Decimal("10.00"), "2024-10-02")


def test_row_says_when_its_model_leaves_the_api() -> None:
    for row in PUBLISHED:
        assert row["ends"] == "" or date.fromisoformat(row["ends"]) > date.fromisoformat(row["since"])
    assert {row["ends"] for row in PUBLISHED if row["model"].startswith("gpt-4o")} == {"2027-01-14"}


def test_table_has_a_model_that_stays() -> None:
    assert any(row["ends"] == "" for row in PUBLISHED)
