"""The site in a Chromium: below a path, on a phone and a laptop, light and dark, and with nothing from elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from courseware.catalogue import EXERCISES, LESSONS
from courseware.site.build import build, link_terms, terms
from tests.courseware.browser.tab import Tab, served, tab
from tests.threadlab.widgets import chrome
from tests.threadlab.widgets.conftest import ARTIFACTS, axe  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]

GIVEN = "THREADS_SITE"
"""The folder of a site that is built already, to spare the build while one works on the tests."""
SOME = ["index.html", "docs/cheat-sheet.html", "docs/instructor-notes.html", "exercises/run-queue/run-queue.html"]
EACH = [*SOME, "docs/facts.html", *(f"lessons/{one.name}.html" for one in LESSONS)]
WIDTHS = {"phone": 390, "laptop": 1366}

# The theme names its search button otherwise than it is labelled.
AXE = """axe.run(document, {resultTypes: ['violations'], rules: {'label-content-name-mismatch': {enabled: false}}})
    .then((found) => found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary).slice(0, 3).join(' | ')))"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("myst_nb", reason="the extra `site` is not installed: python3 course.py site DIR brings it")
    if given := os.environ.get(GIVEN):
        return Path(given)
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with served(site) as at:
        yield at


@pytest.fixture(scope="module")
def one_browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if chrome.binary() is None:
        pytest.skip("there is no Chromium here")
    with tab(address, tmp_path_factory.mktemp("chromium") / "profile") as one:
        yield one


@pytest.fixture
def opened(one_browser: Tab) -> Iterator[Tab]:
    """A tab that may ask nothing but the site for anything."""
    yield one_browser
    assert one_browser.asked == []


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("A thread is kept.", "A [thread](../docs/glossary.md#thread) is kept."),
        ("It will turn out well.", "It will turn out well."),
        ("The arrow keys, and a key.", "The arrow keys, and a key."),
        ("It has your own key.", "It has your own [key](../docs/glossary.md#key)."),
        (
            "Write it:\n\n```python\nrun = 1\n\nrun = thread\n```\n\nThe end",
            "Write it:\n\n```python\nrun = 1\n\nrun = thread\n```\n\nThe end",
        ),
        ("`thread`, and [a thread](x.md)", "`thread`, and [a thread](x.md)"),
    ],
)
def test_word_is_linked_in_the_glossarys_sense_only(text: str, linked: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])  # type: ignore[no-untyped-call]
    link_terms(notebook, terms())
    assert notebook.cells[0].source == linked


def test_every_lesson_exercise_and_page_is_there(site: Path) -> None:
    wanted = [f"lessons/{one.name}.html" for one in LESSONS]
    wanted += [f"exercises/{one.slug}/{one.slug}.html" for one in EXERCISES]
    wanted += ["docs/glossary.html", "docs/cheat-sheet.html", "docs/facts.html", "docs/laboratory.html", "autograder/README.html"]
    assert [name for name in wanted if not (site / name).exists()] == []


def test_link_inside_the_site_leads_to_a_page(site: Path) -> None:
    lost = set()
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r'<a [^>]*href="([^"#?]+)', text):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                lost.add((page.relative_to(site).as_posix(), target))
    assert lost == set()


def test_answers_of_predictions_are_folded(site: Path) -> None:
    for lesson in LESSONS:
        text = (site / "lessons" / f"{lesson.name}.html").read_text(encoding="utf-8")
        assert 'class="threads-answers" open' not in text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_page_fits_and_axe_finds_nothing_serious(opened: Tab, address: str, axe: str, width: str, dark: bool) -> None:  # noqa: F811
    page, found = opened.page, {}
    page.call("Emulation.setDeviceMetricsOverride", width=WIDTHS[width], height=1000, deviceScaleFactor=1, mobile=width == "phone")
    for name in EACH if dark == (width == "laptop") else SOME:  # each lesson once light and narrow, once dark and wide
        page.open(f"{address}{name}")
        page.wait(f"document.readyState === 'complete' && location.pathname.endsWith('{name}')", name)
        shade = "dark" if dark else "light"
        page.run(f"document.documentElement.dataset.theme = document.documentElement.dataset.mode = '{shade}'; 0")
        page.picture(ARTIFACTS / "site" / f"{width}-{shade}-{name.rpartition('/')[2]}.png")
        assert page.run("document.documentElement.scrollWidth") <= WIDTHS[width], name
        page.run("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")  # sizes are observed in frames
        page.run(axe + "; 0")
        if faults := page.run(AXE):
            found[name] = faults
    assert found == {}
