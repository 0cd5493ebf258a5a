"""Which modules import each other in a circle, directly or through others: `python -m tests.course.circles` prints how many there are.

Every import counts: those inside functions, and those for the type checker alone.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("threadlab", "courseware", "autograder")
NOT_OURS = ("autograder/known_answers/", "autograder/work/", "autograder/hidden/")

Graph = dict[str, set[str]]


def graph(root: Path = ROOT) -> Graph:
    """Each module with the modules that it imports."""
    paths = {name_of(path, root): path for path in modules(root)}
    return {name: set(imported(name, path, set(paths))) - {name} for name, path in paths.items()}


def modules(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not path.relative_to(root).as_posix().startswith(NOT_OURS):
                yield path


def name_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(name: str, path: Path, known: set[str]) -> Iterator[str]:
    """What a module imports, of `known`. `from package import module` is an import of the module, not of the package's `__init__`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name if path.name == "__init__.py" else name.rpartition(".")[0]
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                if full in known:
                    yield full
                elif base in known:
                    yield base


def circles(edges: Graph) -> list[list[str]]:
    """The sets of modules of which each reaches every other (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    circular: list[list[str]] = []
    for start in edges:
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(start, iter(sorted(edges[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(edges[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = [stack.pop()]
                    while component[-1] != node:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    if len(component) > 1:
                        circular.append(sorted(component))
    return circular


def main() -> int:
    found = circles(graph())
    for circle in found:
        print(" ↔ ".join(circle), file=sys.stderr)
    print(len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
