"""Which answers of a class are alike: information for a teacher, never a verdict, and no score depends on it.

An answer is the code in a submission's answer cells, as Python's own tokenizer sees it. Comments, layout and docstrings go; every string
becomes the same string, every number the same number, and every name that the answer gives a value itself becomes the same name, so
that renaming changes nothing. What the answer calls (the SDK's names, Python's) stays. Two answers are alike by the share of tokens
that need not be inserted or deleted to turn one into the other (rapidfuzz's normalised Indel similarity, 0 to 1).

Short exercises leave little room: honest answers to one question are alike too. So the report says how alike two answers of this class
usually are, and answers that are too short to tell, or are still the blank, are left out. To compare across courses or years, use a service
that is made for it, such as MOSS or JPlag.
"""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice
from pathlib import Path

import msgspec
from rapidfuzz.distance import Indel

from autograder.notebooks import LONGEST_SOURCE, parsed

ENOUGH = 40
"""Tokens that an answer must have to be compared."""
ALIKE = 0.85
"""Pairs below this are not listed."""
MOST = 50
"""How many pairs are listed."""
LONGEST = 5_000
"""Tokens of an answer that are looked at; no honest one comes near, and comparing takes time by the square."""

_DROPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
_STANDS_FOR = {tokenize.STRING: '""', tokenize.NUMBER: "0", tokenize.INDENT: "→", tokenize.DEDENT: "←", tokenize.NEWLINE: "⏎"}
_DROPPED |= {getattr(tokenize, name) for name in ("FSTRING_MIDDLE", "FSTRING_END") if hasattr(tokenize, name)}
_STANDS_FOR |= {getattr(tokenize, name): '""' for name in ("FSTRING_START",) if hasattr(tokenize, name)}
# From Python 3.12 on an f-string is several tokens.


class Pair(msgspec.Struct, frozen=True):
    """Two students whose answers are alike."""

    students: tuple[str, str]
    alike: float
    """0 to 1."""


class Similar(msgspec.Struct, frozen=True):
    """What was found in a class."""

    pairs: list[Pair] = []
    """Most alike first."""
    usual: float = 0.0
    """The median of all pairs: how alike two answers of this class usually are."""
    compared: int = 0
    """Answers that were long enough."""


def compare(answers: Mapping[str, list[str]]) -> Similar:
    """Every pair of a class; `answers` are the `tokens` of each student's code."""
    numbers: dict[str, str] = {}
    coded: dict[str, str] = {}
    for student, stream in sorted(answers.items()):
        if len(stream) >= ENOUGH:
            # A character for each kind of token, so that rapidfuzz compares whole machine words of them at a time.
            coded[student] = "".join(numbers.setdefault(token, chr(0x4E00 + len(numbers) % 0x5000)) for token in stream)
    every, listed = array("d"), list[Pair]()
    for a, b in combinations(coded, 2):
        every.append(Indel.normalized_similarity(coded[a], coded[b]))
        if every[-1] >= ALIKE:
            listed.append(Pair((a, b), round(every[-1], 3)))
    usual = round(statistics.median(every), 3) if every else 0.0
    return Similar(sorted(listed, key=lambda pair: (-pair.alike, pair.students))[:MOST], usual, len(coded))


def tokens(source: str) -> list[str]:
    """The normalised tokens of some code; of code that is broken off or no Python, those up to there."""
    source = source[:LONGEST_SOURCE]
    own = _given_a_value(source)
    stream: list[str] = []
    after = ""
    for token in islice(_read(source), LONGEST):
        if token.type in _DROPPED:
            continue
        text = _STANDS_FOR.get(token.type, token.string)
        if token.type == tokenize.NAME and token.string in own and after != ".":
            text = "name"
        if text == "⏎" and stream[-1:] == ['""'] and stream[-2:-1] in ([], ["⏎"], ["→"], ["←"]):
            del stream[-1]  # a docstring
            continue
        stream.append(text)
        after = token.string
    return stream


def _read(source: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(source).readline)
    except (tokenize.TokenError, SyntaxError, UnicodeError):  # the last from Python 3.12 on, for lone surrogates
        return


def _given_a_value(source: str) -> set[str]:
    """Names that the code binds: variables, parameters, functions, classes. Without them if it cannot be parsed."""
    tree = parsed(source)
    result = set[str]()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            result.add(node.id)
        elif isinstance(node, ast.arg):
            result.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler):
            result.add(node.name or "")
    return result


class _Marks(msgspec.Struct):
    solution: bool = False
    grade_id: str = ""


class _Metadata(msgspec.Struct):
    nbgrader: _Marks = msgspec.field(default_factory=_Marks)


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


def answer(notebooks: Iterable[Path], blank: Mapping[str, str]) -> str:
    """What stands in the answer cells of a student's graded notebooks. `blank`: what was handed out, by grade id; that is not an answer."""
    sources = []
    for path in notebooks:
        try:
            cells = msgspec.json.decode(path.read_bytes(), type=_Notebook).cells
        except (OSError, msgspec.MsgspecError, RecursionError):
            continue
        for cell in cells:
            source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
            marks = cell.metadata.nbgrader
            if cell.cell_type == "code" and marks.solution and source.strip() != blank.get(marks.grade_id, "").strip():
                sources.append(source)
    return "\n".join(sources) + "\n"
