"""Which passages answer a question best: BM25 with stemming, as SQLite's full-text index (FTS5) computes it.

SQLite comes with Python, in a browser's Python too, so a ranking that millions of programs rely on costs no package.
"""

from __future__ import annotations

import re
import sqlite3
import weakref
from collections import OrderedDict
from collections.abc import Sequence

from threadlab.wire.files import Passage

_DULL = frozenset(
    re.findall(
        r"\w+",
        """a about an and any are as at be by can did do does for from had has have how i in is it its me my of on or our please say says
        tell that the their them there they this to was we were what when where which who why will with would you your""",
    )
)
_WORD = re.compile(r"\w+")


def words_of(question: str) -> list[str]:
    """The words that a search looks for: each once, those that say nothing left out (unless there are no others)."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    return [word for word in words if word not in _DULL] or words


class Index:
    """An index over passages; it lives in memory and never changes."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = list(passages)
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)  # from Python 3.13 on, a connection that nobody closes is a warning
        self._db.execute("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61 remove_diacritics 2')")
        rows = [(number, one.text) for number, one in enumerate(self._passages)]
        self._db.executemany("INSERT INTO passages (rowid, text) VALUES (?, ?)", rows)

    def search(self, question: str) -> list[tuple[float, Passage]]:
        """The passages that share a word with the question, best first, each with its share (0 to 1) of the best one's BM25."""
        words = words_of(question)[:64]
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT rowid, -bm25(passages) FROM passages WHERE passages MATCH ? ORDER BY bm25(passages), rowid"
        hits = [(int(number), float(score)) for number, score in self._db.execute(sql, (match,))]
        best = hits[0][1] if hits else 0.0
        return [(score / best if best > 0 else 1.0, self._passages[number]) for number, score in hits]


KEPT = 16
"""Indexes that are kept for the next search."""


class Indexes:
    """The indexes of the vector stores that were searched last, each for as long as its files stay the same."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Index] = OrderedDict()

    def over(self, key: tuple[str, ...], found: Sequence[Passage]) -> Index:
        return self._keep(key, Index(found))

    def get(self, key: tuple[str, ...]) -> Index | None:
        index = self._kept.get(key)
        if index is not None:
            self._kept.move_to_end(key)
        return index

    def _keep(self, key: tuple[str, ...], index: Index) -> Index:
        self._kept[key] = index
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return index
