"""What the browser edition costs: how long until a learner can work, what the second visit saves, and how slow checks are in there.

    python benchmarks/browser.py                    builds the site, then measures it in a Chromium
    python benchmarks/browser.py --site DIR         a site that is built already
    python benchmarks/browser.py --mbit 20          over a connection of so many megabits a second

Every figure is the median of `--repeat` visits, each with a browser of its own. The desktop's times are taken in the same run, on the same
machine: a check's last figure is the tab's time over the desktop's. The last line is `visible=… ready=… first=… again=… checks=… bytes=…`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograder import checks  # noqa: E402
from autograder.notebooks import read, solution  # noqa: E402
from courseware.browser.build import build, facts  # noqa: E402
from tests.courseware.browser.tab import Tab, served, tab  # noqa: E402
from tests.courseware.browser.test_exercises import judged  # noqa: E402

LESSON = "lessons/00-first-conversation.ipynb"
FIRST_CELL = "from autograder import standing\nprint(standing('00'))"
EXERCISES = ("first-turn", "sixth-message", "tool-loop")


def visit(opened: Tab) -> tuple[float, float, float]:
    """Seconds from the address to a notebook that can be read, to a kernel that is ready, and to the first cell's output."""
    start = time.monotonic()
    opened.visit(LESSON)
    visible = time.monotonic() - start
    opened.idle()
    ready = time.monotonic() - start
    assert f"0 of {len(checks.SLUGS)} exercises done" in opened.execute(FIRST_CELL)
    return visible, ready, time.monotonic() - start


def on_the_desktop(slug: str) -> float:
    """Seconds that the same check takes in a kernel of this computer."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [cell for cell in read(solution(slug)).cells if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")]
    cells = [cell for cell in cells if not cell.source.startswith(("check(", "hint("))]
    timed = (
        "import time\nfrom autograder import checks\nfrom autograder.learner.check import judge_here\nstart = time.monotonic()\n"
        f"verdicts = [judge_here(part) for part in checks.find({slug!r}).parts]\n"
        "print(sum(one.earned for one in verdicts), time.monotonic() - start)"
    )
    sources = [
        "import warnings; warnings.simplefilter('ignore')",
        *(cell.source.replace("%load_ext threadlab\n", "") for cell in cells),
        timed,
    ]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(ROOT)}}).execute()
    earned, seconds = "".join(output.get("text", "") for output in notebook.cells[-1].outputs).split()
    assert int(earned) == checks.find(slug).points, slug
    return float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path)
    parser.add_argument("--mbit", type=float, help="megabits a second; without it, as fast as this computer talks to itself")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = options.site or Path(scratch) / "site"
        if options.site is None:
            start = time.monotonic()
            build(folder, lambda text: None)
            print(f"built in {time.monotonic() - start:.1f} s")
        size = int(facts(folder)["bytes"])
        print(f"{size / 1e6:.1f} MB")
        first, again = [], []
        with served(folder, options.mbit) as address:
            for number in range(options.repeat):
                with tab(address, Path(scratch) / f"profile-{number}") as opened:
                    first.append(visit(opened))
                    opened.until("navigator.serviceWorker.controller")
                    time.sleep(18)  # the page puts into the cache what was loaded before the service worker was there
                    again.append(visit(opened))
                    assert opened.asked == []
            names = ("notebook visible", "kernel ready", "first output")
            medians = [[statistics.median(column) for column in zip(*rows, strict=True)] for rows in (first, again)]
            for name, one, two in zip(names, *medians, strict=True):
                print(f"{name:17} {one:5.1f} s   second visit {two:5.1f} s   ({one / two:.1f} times as fast)")
            ratios = []
            with tab(address, Path(scratch) / "profile-checks") as opened:
                opened.visit(LESSON)
                for slug in EXERCISES:
                    there = float(judged(opened, slug, read(solution(slug)))["seconds"])
                    here = on_the_desktop(slug)
                    ratios.append(there / here)
                    print(f"check {slug:15} {there:5.2f} s   desktop {here:5.2f} s   ratio {there / here:.1f}")
    visible, ready, output = medians[0]
    faster = output / medians[1][2]
    print(f"visible={visible:.1f} ready={ready:.1f} first={output:.1f} again={faster:.1f} checks={max(ratios):.1f} bytes={size}")


if __name__ == "__main__":
    main()
