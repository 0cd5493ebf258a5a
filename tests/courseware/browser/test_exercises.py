"""Solutions earn full marks in a tab, and wrong answers lose there what they lose on the desktop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autograder import checks
from autograder.notebooks import part_of, read, read_answers, solution, with_answers
from tests.courseware.browser.conftest import ROOT
from tests.courseware.browser.tab import Tab

KNOWN = ROOT / "autograder" / "known_answers"
WRONG_EACH = 3

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser_edition")]

JUDGE = """
import json, time
from IPython import get_ipython
from autograder import checks
from autograder.learner.check import judge_here

def tell(slug, sources):
    print("TOLD" + json.dumps(judged(slug, sources)))

def judged(slug, sources):
    shell = get_ipython()
    shell.reset(new_session=False)
    for source in sources:
        done = shell.run_cell(source, store_history=True)
        if not done.success:
            return {"error": repr(done.error_before_exec or done.error_in_exec)}
    start = time.monotonic()
    verdicts = [judge_here(part) for part in checks.find(slug).parts]
    return {
        "earned": sum(one.earned for one in verdicts),
        "lost": sorted(lost for one in verdicts for lost in one.lost),
        "notes": [one.note for one in verdicts if one.note],
        "seconds": time.monotonic() - start,
    }
"""
"""A module of its own in the kernel: what is in a notebook's names is wiped between two answers."""


def judged(opened: Tab, slug: str, notebook: Any) -> dict[str, Any]:
    """What the check in the tab says about a notebook's answers, all its other cells being run before."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code" and part_of(cell) is None]
    sources = [source for source in sources if not source.startswith(("check(", "hint("))]
    module = f"import types; _module = types.ModuleType('judging'); exec({JUDGE!r}, vars(_module))"
    said = opened.execute(f"{module}\n_module.tell({slug!r}, {sources!r})")
    assert "TOLD" in said, said
    told: dict[str, Any] = json.loads(said.rpartition("TOLD")[2].splitlines()[0])
    return told


@pytest.fixture(scope="module")
def one_kernel(one_browser: Tab) -> Tab:
    """A notebook whose kernel judges them all, one after the other: starting one takes as long as judging."""
    first = checks.SLUGS[0]
    one_browser.visit(f"exercises/{first}/{first}.ipynb")
    one_browser.idle()
    return one_browser


@pytest.mark.parametrize("slug", checks.SLUGS)
def test_answers_earn_what_they_earn_on_the_desktop(one_kernel: Tab, slug: str) -> None:
    told = judged(one_kernel, slug, read(solution(slug)))
    exercise = checks.find(slug)
    assert (told.get("earned"), told.get("lost")) == (exercise.points, []), told
    for path in wrong_answers(slug):
        cells, loses = read_answers(path)
        told = judged(one_kernel, slug, with_answers(slug, cells))
        assert told.get("lost") == sorted(loses or []), (path.name, told)


def wrong_answers(slug: str) -> list[Path]:
    """Some of the known wrong answers, from all over the list."""
    listed = [path for path in sorted((KNOWN / slug / "wrong").glob("*.py")) if read_answers(path)[1]]
    step = max(1, len(listed) // WRONG_EACH)
    return listed[::step][:WRONG_EACH]
