"""A class of 100, graded by stock nbgrader and by ours, in the same run: the scores must be equal, and how many times faster ours is.

    python benchmarks/autograde.py [--students 100] [--sample 16] [--exercise sixth-message] [--plot FILE.svg] [--many 1000]

The assignment is a plain notebook of eight cells that imports openai; right and wrong answers take turns. Stock nbgrader (its own command,
its default preprocessors, a kernel for each submission) grades a sample, and its time is scaled up, its start once. Ours is the command
`python -m autograder grade`, from its start to its end, sandbox on. `--exercise` grades an exercise of the course instead: stock then runs
its checks in the kernel. `--many` grades so many with ours alone, and shows that the memory it holds does not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402
import psutil  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402

from autograder.notebooks import marks, read_answers  # noqa: E402

PLAIN = "plain"
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "threads"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "autograder/work/submitted"
c.CourseDirectory.autograded_directory = "autograder/work/autograded"
c.CourseDirectory.feedback_directory = "autograder/work/feedback"
"""


def plain_notebook() -> nbformat.NotebookNode:
    """Eight cells: two to write in, three that are graded (one with partial credit)."""
    cells = [
        new_markdown_cell("# Plain"),
        new_code_cell("import openai\nfrom openai import OpenAI"),
        new_code_cell(
            "def double(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION",
            metadata=marks("double", solution=True, locked=False),
        ),
        new_code_cell("assert double(2) == 4\nassert double(0) == 0", metadata=marks("check_double", points=3)),
        new_code_cell(
            "def words(text):\n    ### BEGIN SOLUTION\n    return text.split()\n    ### END SOLUTION",
            metadata=marks("words", solution=True, locked=False),
        ),
        new_code_cell("assert words('a b') == ['a', 'b']", metadata=marks("check_words", points=2)),
        new_code_cell("print(OpenAI.__name__, openai.__version__ >= '3')\nawait __import__('asyncio').sleep(0)"),
        new_code_cell("sum(double(n) == 2 * n for n in range(4))", metadata=marks("check_some", points=4)),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


ANSWERS = [
    {"double": "def double(n):\n    return n + n", "words": "def words(text):\n    return text.split(' ')"},
    {"double": "def double(n):\n    return n * n", "words": "def words(text):\n    return text.split()"},
    {"double": "def double(n):\n    return n << 1", "words": "def words(text):\n    raise NotImplementedError()"},
    {"double": "def double(n):\n    return [n, n]", "words": "def words(text):\n    return list(text)"},
]
"""The wrong ones fail with an ordinary error, as most do."""


def course(folder: Path, ours: bool) -> Path:
    """A copy of the course to grade in."""
    for name in ("autograder", "courseware", "threadlab", "solutions", "exercises"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("work", "__pycache__"))
    (folder / "solutions" / PLAIN).mkdir()
    nbformat.write(plain_notebook(), folder / "solutions" / PLAIN / f"{PLAIN}.ipynb")
    (folder / "autograder" / "work").mkdir()
    if not ours:
        config = STOCK + f"c.CourseDirectory.root = {str(folder)!r}\n"
        config += f"c.CourseDirectory.db_url = 'sqlite:///{folder}/autograder/work/gradebook.db'\n"
        (folder / "autograder" / "nbgrader_config.py").write_text(config)
    return folder


def command(folder: Path, *words: str, check: bool = True) -> float:
    """Seconds that `python -m …` takes in a copy."""
    env = {**os.environ, "PYTHONPATH": str(folder), "JUPYTER_CONFIG_PATH": str(folder / "autograder"), "NO_PROXY": "127.0.0.1"}
    env["PATH"] = str(Path(sys.executable).parent) + os.pathsep + env.get("PATH", os.defpath)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder / "autograder", env=env, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


def notebooks(folder: Path, slug: str) -> list[nbformat.NotebookNode]:
    """What is handed in, one after the other."""
    released = nbformat.read(folder / "exercises" / slug / f"{slug}.ipynb", as_version=4)
    if slug == PLAIN:
        answers = ANSWERS
    else:
        answers = [read_answers(path)[0] for path in sorted((ROOT / "autograder" / "known_answers" / slug).glob("*/*.py"))]
    made = []
    for one in answers:
        notebook = nbformat.from_dict(released)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = one.get(name, cell.source)
        made.append(notebook)
    return made


def hand_in(folder: Path, slug: str, count: int) -> None:
    """`count` students; the release is made first, as a teacher would."""
    command(folder, "nbgrader", "generate_assignment", slug, "--force")
    found = notebooks(folder, slug)
    for number in range(count):
        place = folder / "autograder" / "work" / "submitted" / f"student-{number:04}" / slug
        place.mkdir(parents=True)
        nbformat.write(found[number % len(found)], place / f"{slug}.ipynb")


def scores(folder: Path) -> dict[str, float]:
    """From the gradebook."""
    query = """select t.student_id, sum(g.auto_score) from grade g join submitted_notebook n on n.id = g.notebook_id
               join submitted_assignment t on t.id = n.assignment_id group by 1"""
    with sqlite3.connect(folder / "autograder" / "work" / "gradebook.db") as db:
        return dict(db.execute(query).fetchall())


def spent(folder: Path, slug: str) -> dict[str, float]:
    """Seconds that a submission takes, by what they go to (medians)."""
    records = [json.loads(path.read_bytes())["seconds"] for path in (folder / "autograder/work/records" / slug).glob("*.json")]
    return {name: statistics.median(record[name] for record in records) for name in records[0]}


def plot(parts: dict[str, float], title: str) -> str:
    """Bars with their names and numbers, as SVG."""
    widest = max(parts.values())
    bars = []
    for row, (name, value) in enumerate(parts.items()):
        y, width = 50 + row * 34, 420 * value / widest
        bars.append(f'<text x="170" y="{y + 16}" text-anchor="end">{name}</text>')
        bars.append(f'<rect x="180" y="{y}" width="{width:.1f}" height="22" fill="#3b6ea5"/>')
        bars.append(f'<text x="{186 + width:.1f}" y="{y + 16}">{value * 1e3:.1f} ms</text>')
    height = 60 + 34 * len(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 {height}" font-family="sans-serif" font-size="14" role="img">'
    return f'{head}<title>{title}</title><text x="20" y="28" font-size="17">{title}</text>{"".join(bars)}</svg>\n'


class Memory:
    """The most that this process's descendants hold, looked at now and then, in each tenth of the time."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self._stop = threading.Event()

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._stop.wait(0.5):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.seen.append(total)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def halves(self) -> tuple[int, int]:
        """The median of the second quarter and of the last."""
        quarter = len(self.seen) // 4
        return int(statistics.median(self.seen[quarter : 2 * quarter])), int(statistics.median(self.seen[3 * quarter :]))


def stock_seconds(folder: Path, slug: str, sample: int) -> tuple[float, float]:
    """What stock nbgrader takes to start and for a submission, of `sample` that were handed in. Two runs of different length tell."""
    first = command(folder, "nbgrader", "autograde", slug, "--student", "student-0000")
    rest = command(folder, "nbgrader", "autograde", slug)
    each = max(rest - first, 0.0) / max(sample - 2, 1)
    return max(first - each, 0.0), each


def main() -> None:
    """Print a table, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--sample", type=int, default=16)
    parser.add_argument("--exercise", default=PLAIN)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--many", type=int, default=0)
    options = parser.parse_args()
    slug = options.exercise
    grading = ("autograder", "grade", slug, "--workers", str(options.workers))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as top:
        ours = course(Path(top, "ours"), ours=True)
        hand_in(ours, slug, options.many or options.students)
        with Memory() as memory:
            our_time = command(ours, *grading)
        count = options.many or options.students
        print(f"{'ours':10}{count:6} submissions {our_time:9.2f} s  {our_time / count * 1e3:9.1f} ms each, start-up included")
        parts = {name: value for name, value in spent(ours, slug).items() if name != "all"}
        for name, value in parts.items():
            print(f"{'':10}{name:24}{value * 1e3:9.1f} ms (median)")
        if options.plot:
            options.plot.write_text(plot(parts, f"Where a submission's time goes: {slug}"), encoding="utf-8")
        if options.many:
            early, late = memory.halves()
            print(f"memory of all processes together: {early / 1e6:.0f} MB in the second quarter, {late / 1e6:.0f} MB in the last")
            return
        stock = course(Path(top, "stock"), ours=False)
        hand_in(stock, slug, options.sample)
        start, each = stock_seconds(stock, slug, options.sample)
        stock_time = start + count * each
        print(f"{'stock':10}{options.sample:6} submissions graded, {each * 1e3:9.1f} ms each")
        print(f"{'':10}{count:6} would take  {stock_time:9.2f} s  {start:9.2f} s of it to start")
        theirs, found = scores(stock), scores(ours)
        differ = [name for name in theirs if theirs[name] != found[name]]
        print(f"scores of {len(theirs)} students: {'equal' if not differ else 'DIFFERENT: ' + ', '.join(differ)}")
        if differ or len(found) != count:
            raise SystemExit(1)
    print(f"ratio={stock_time / our_time:.1f}")


if __name__ == "__main__":
    main()
