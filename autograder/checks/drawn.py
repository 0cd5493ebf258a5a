"""What scenes draw by chance: other names and numbers for each submission, the same again when a submission is graded again."""

import random

from threadlab.trials.trial import SALT

COUNTRIES = (
    *("France", "Germany", "Italy", "Spain", "Portugal", "Poland", "Greece", "Kenya", "Japan", "Brazil", "Egypt", "Canada"),
    *("Norway", "Sweden", "Austria", "Peru"),
)


def chance(name: str) -> random.Random:
    """A source of chance for a scene of this name. It repeats while somebody learns, and differs between submissions that are graded."""
    return random.Random(f"{SALT.get()} {name}")


def drawn(name: str, count: int) -> list[str]:
    """So many countries, all different."""
    return chance(name).sample(COUNTRIES, count)
