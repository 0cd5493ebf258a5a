"""Every lesson runs from top to bottom in a tab that reaches nothing but its own site."""

from __future__ import annotations

import pytest

from tests.courseware.browser.conftest import ARTIFACTS, ROOT
from tests.courseware.browser.tab import Tab, failed, text_of

LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("*.ipynb"))

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser_edition")]


@pytest.mark.parametrize("lesson", [pytest.param(name, marks=[] if name.startswith("00") else [pytest.mark.slow]) for name in LESSONS])
def test_lesson_runs_to_its_end(fresh_tab: Tab, lesson: str) -> None:
    fresh_tab.visit(f"lessons/{lesson}.ipynb")
    fresh_tab.run_all()
    cells = fresh_tab.cells()
    fresh_tab.page.picture(ARTIFACTS / f"{lesson}.png")
    assert failed(cells) == []
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if not cell["execution_count"] and "".join(cell["source"]).strip()] == []
    said = "\n".join(text_of(cell) for cell in code)
    assert "inside this browser tab" in said
    starts_programs = any("%%writefile" in "".join(cell["source"]) or "run_program" in "".join(cell["source"]) for cell in code)
    assert ("A browser tab has no processes" in said) == starts_programs
