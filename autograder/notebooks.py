"""Notebooks of exercises: their answer cells, their graded cells, and answers written as plain Python files."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograder.course_folder import ROOT
from threadlab.errors import ThreadlabError
from threadlab.trials.guest.answer import at_once, plain, root_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

CHECK = "check_"
"""A graded cell bears the name of its part behind this."""


class BadNotebook(ThreadlabError):
    """A notebook that is missing or cannot be read."""


def read(path: Path) -> NotebookNode:
    """A notebook from its file. Raises BadNotebook with a sentence."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadNotebook(f"There is no notebook {path}.") from None
    except OSError as error:
        raise BadNotebook(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        return read_text(data)
    except BadNotebook as error:
        raise BadNotebook(f"{path} {error} The file was left as it is.") from None


def read_text(data: bytes) -> NotebookNode:
    """A notebook from a file's bytes, whoever wrote it. Raises BadNotebook; its text goes on from the file's name."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadNotebook("is not UTF-8 text: save it again as a notebook.") from None
    if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE):
        raise BadNotebook("has marks of a merge conflict in it (<<<<<<<): resolve the conflict, and hand it in again.")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise BadNotebook("is not a notebook: it is not JSON; perhaps it was cut off or edited by hand.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        raise BadNotebook("is not a notebook: it has no list of cells.")
    sheets = raw.get("worksheets")  # of versions before 4
    if sum(map(_parts, [raw, *(sheets if isinstance(sheets, list) else [])])) > MOST_PARTS:
        raise BadNotebook(f"has more than {MOST_PARTS:,} cells and outputs: no notebook of this course comes near.")
    if not isinstance(raw.get("metadata"), dict):
        raw["metadata"] = {}
    _put_ids_right(raw)
    if "\\ud" in text.lower():
        raw = _without_surrogates(raw)
    import nbformat

    try:
        notebook: NotebookNode = nbformat.reads(json.dumps(raw), as_version=4)  # type: ignore[no-untyped-call]
    except Exception:  # nbformat fails in as many ways as a notebook can be broken
        raise BadNotebook("is not a notebook that can be read: its cells are not as Jupyter writes them.") from None
    return notebook


MOST_PARTS = 10_000
"""Cells and outputs of a notebook: each of them is looked over more than once."""


def _parts(raw: Any) -> int:
    """How many cells and outputs there are."""
    cells = raw.get("cells") if isinstance(raw, dict) else None
    if not isinstance(cells, list):
        return 0
    outputs = [cell.get("outputs") for cell in cells if isinstance(cell, dict)]
    return len(cells) + sum(len(one) for one in outputs if isinstance(one, list))


def _put_ids_right(raw: dict[str, Any]) -> None:
    """Cells have ids from nbformat 4.5 on, each its own, and none before. Editors and copies do not keep to it."""
    cells = [cell for cell in raw.get("cells", []) if isinstance(cell, dict)]
    if raw.get("nbformat") != 4 or not isinstance(raw.get("nbformat_minor"), int):
        return
    if raw["nbformat_minor"] < 5:
        for cell in cells:
            cell.pop("id", None)
        return
    used = set[str]()
    for number, cell in enumerate(cells):
        if not isinstance(cell.get("id"), str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"]) or cell["id"] in used:
            cell["id"] = next(one for turn in count() if (one := f"cell-{number}-{turn}") not in used)
        used.add(cell["id"])


def _without_surrogates(value: Any) -> Any:
    """JSON with a replacement character for each lone surrogate, which no file can hold as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(one) for name, one in value.items()}
    return value


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook, making the folders that it needs. Raises OSError."""
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def released(slug: str) -> Path:
    """Where the learner's notebook of an exercise is."""
    return ROOT / "exercises" / slug / f"{slug}.ipynb"


def solution(slug: str) -> Path:
    """Where the notebook with the solution is."""
    return ROOT / "solutions" / slug / f"{slug}.ipynb"


def grade_id(cell: NotebookNode) -> str:
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return name if isinstance(name, str) else ""


def marks(name: str, *, solution: bool = False, locked: bool = True, points: int | None = None) -> dict[str, Any]:
    """nbgrader's metadata of a cell that is new; with `points` it is a graded one."""
    fields: dict[str, Any] = {"grade_id": name, "grade": points is not None, "solution": solution, "locked": locked, "task": False}
    fields["schema_version"] = 3
    return {"nbgrader": fields if points is None else {**fields, "points": points}}


def is_graded(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(marks.get("grade")) and not marks.get("solution")


def is_solution(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("solution"))


def part_of(cell: NotebookNode) -> str | None:
    """The part that a graded cell judges, if it is one of ours."""
    name = grade_id(cell)
    return name.removeprefix(CHECK) if is_graded(cell) and name.startswith(CHECK) else None


class Answer(NamedTuple):
    """What counts as the answer to a part, as code without IPython's own syntax."""

    sources: list[str]
    """The cells that define it, to be run afresh in every trial, in their order: most often one; empty if no cell tells."""
    context: Sequence[str] = ()
    """The cells that define what it uses, and what that uses in turn, in their order."""


def answer_in(cells: Sequence[str], name: str) -> Answer:
    """The answer among the cells that ran, in the order in which they ran: the last one that defines `name` counts, as in a kernel.

    With it come the cells that it builds on (`class Lane(Lane)`), and those that changed it afterwards (`Lane.say = say`).

    Everything that judges an answer asks this function: `check` in a kernel, and whatever judges a notebook's file.
    """
    ran = looked_at(cells)
    own = _steps(ran, name)
    if not own:
        return Answer([text for text in ran if name in text and not parsed(text)][-1:])
    where_defined = {one: index for index, text in enumerate(ran) if index not in own for one in _defined(text)}
    needed, needed_names, defined = set(own), set[str]().union(*(uses(ran[index]) for index in own)), {name}
    while needed_names - defined:
        one = (needed_names - defined).pop()
        defined.add(one)
        where = where_defined.get(one)
        if where is not None and where not in needed:
            needed.add(where)
            needed_names |= uses(ran[where])
    return Answer([ran[index] for index in own], [ran[index] for index in sorted(needed.difference(own))])


def _steps(cells: Sequence[str], name: str) -> list[int]:
    """The cells in which `name` got what it is, in their order: the last that defines it, those that this builds on, and later changes."""
    steps: list[int] = []
    for index in reversed(range(len(cells))):
        if defines(cells[index], name, imports=True):
            steps.append(index)
            if not _builds_on(cells[index], name):
                return steps[::-1]
        elif _amends(cells[index], name):
            steps.append(index)
    return steps[::-1] if any(defines(cells[index], name, imports=True) for index in steps) else []


def _builds_on(text: str, name: str) -> bool:
    """Whether a cell reads `name` before it gives it a value."""
    tree = parsed(text)
    for statement in tree.body if tree else ():
        if any(isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in at_once(statement)):
            return True
        if name in _names(statement, imports=True):
            return False
    return False


def _amends(text: str, name: str) -> bool:
    """Whether a cell sets an attribute or an item of `name`, which has its value already."""
    tree = parsed(text) if name in text else None
    return any(name in _amended(statement) for statement in tree.body) if tree else False


def _amended(statement: ast.stmt) -> set[str]:
    """The names of which a statement changes a part; those that a decorator is given, too: it may set an attribute of them."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        given = [one for call in statement.decorator_list if isinstance(call, ast.Call) for one in call.args]
        return {one.id for one in given if isinstance(one, ast.Name)}
    if isinstance(statement, ast.Expr):
        call = statement.value
        sets = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "setattr" and call.args
        return {root_of(call.args[0])} if isinstance(call, ast.Call) and sets else set()
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {root_of(target) for target in targets if isinstance(target, ast.Attribute | ast.Subscript)}


MOST_SOURCE = 500_000
"""Characters of all cells of a notebook that are looked at together, the last ones first. The longest notebook of the course has 40,000."""


def looked_at(cells: Sequence[str]) -> list[str]:
    """The cells as plain Python; empty ones in place of those that are too much."""
    ran, room = [""] * len(cells), MOST_SOURCE
    for index in reversed(range(len(cells))):
        room -= len(cells[index])
        if room < 0:
            break
        ran[index] = plain(cells[index])
    return ran


def answer_of(notebook: NotebookNode, name: str) -> Answer:
    """The answer in a notebook: the last cell above the graded cell that defines it; if there is none, the last one below."""
    at = max((index for index, cell in enumerate(notebook.cells) if part_of(cell) == name), default=len(notebook.cells))
    code = [(index, cell.source) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and part_of(cell) is None]
    above = answer_in([source for index, source in code if index < at], name)
    return above if above.sources else answer_in([source for _, source in code], name)


# ---- answers as Python files -----------------------------------------------------------------------------------------------------


_CELL = re.compile(r"^# %% (?P<name>\w+)[ \t]*$", re.MULTILINE)
_SAYS = re.compile(r"^# says:[ \t]*(?P<key>.*?)[ \t]*$", re.MULTILINE)
_LOSES = re.compile(r"\A# loses:(?P<names>.*)$", re.MULTILINE)


def read_answers(path: Path) -> tuple[dict[str, str], list[str] | None]:
    """The answer cells of a percent-format file by their names, and the behaviours it says it loses. Raises BadNotebook."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadNotebook(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    marks = list(_CELL.finditer(text))
    if not marks:
        raise BadNotebook(f"{path} has no cell: every answer cell begins with a line `# %% NAME`.")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    cells = {mark["name"]: text[mark.end() : end].strip("\n") for mark, end in zip(marks, ends, strict=True)}
    loses = _LOSES.match(text)
    return cells, [name.strip() for name in loses["names"].split(",") if name.strip()] if loses else None


def read_sentence_key(path: Path) -> str | None:
    """The key of the first sentence that an answer says it is told, if it says so before its first cell."""
    head = path.read_text(encoding="utf-8").partition("# %%")[0]
    match = _SAYS.search(head)
    return match["key"] if match else None


def with_answers(slug: str, answers: Mapping[str, str]) -> NotebookNode:
    """The exercise's notebook as a learner would hand it in with these answers. A cell that is not among them stays blank."""
    notebook = read(solution(slug))
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = answers.get(grade_id(cell), "raise NotImplementedError()")
    unknown = set(answers) - {grade_id(cell) for cell in notebook.cells if is_solution(cell)}
    if unknown:
        raise BadNotebook(f"{slug} has no answer cell named {', '.join(sorted(unknown))}.")
    return notebook


def defines(text: str, name: str, imports: bool = False) -> bool:
    """Whether a cell gives `name` a value at its top level; by importing it, if `imports` count."""
    return name in _defined(text, imports)


@lru_cache(maxsize=256)
def _defined(text: str, imports: bool = False) -> frozenset[str]:
    tree = parsed(text)
    return frozenset(name for statement in tree.body for name in _names(statement, imports)) if tree else frozenset()


LONGEST_SOURCE = 100_000
"""Characters of a cell that are parsed. The longest answer of the course has some 6,000; a tree of a million takes gigabytes."""


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of what somebody wrote; None for what is not Python, and for more than anybody writes."""
    if len(text) > LONGEST_SOURCE:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # what was handed in may be anything
        return None


def uses(text: str) -> set[str]:
    """The names that a cell reads, at its top level or in what it defines."""
    tree = parsed(text)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)} if tree else set()


def _names(statement: ast.stmt, imports: bool) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names} if imports else set()
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = (node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        return {node.id for node in names if isinstance(node.ctx, ast.Store)}
    if isinstance(statement, ast.If | ast.Try | ast.With):
        return {name for inner in ast.iter_child_nodes(statement) if isinstance(inner, ast.stmt) for name in _names(inner, imports)}
    return set()
