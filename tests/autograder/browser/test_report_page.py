"""The class report in a browser: it can be read at any width, and what belongs together looks alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.classroom.report import page
from tests.autograder.classroom.test_report import REPORT
from tests.threadlab.widgets.chrome import binary, chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(binary() is None, reason="there is no Chromium here")]
LOOK = """
JSON.stringify({
  headings: [...new Set([...document.querySelectorAll('caption, h2')].map((one) => getComputedStyle(one).fontSize))],
  beside: [...document.querySelectorAll('td .bar')].filter((one) => one.getBoundingClientRect().width).map((one) => {
    const text = document.createRange();
    text.selectNode(one.previousSibling);
    const [bar, words] = [one.getBoundingClientRect(), text.getBoundingClientRect()];
    return bar.top < words.bottom && bar.bottom > words.top;
  }),
  fits: document.documentElement.scrollWidth <= innerWidth,
})
"""


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_headings_are_alike_and_bars_stand_beside_their_numbers(tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(REPORT), encoding="utf-8")
    with chromium(tmp_path / "profile") as seen:
        seen.call("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        seen.open(file.as_uri())
        seen.wait("document.readyState === 'complete' && document.querySelector('td .bar')", "the report")
        look = json.loads(seen.run(LOOK))
    assert len(look["headings"]) == 1
    assert look["beside"] or width == 400, "a phone has no room for bars"
    assert all(look["beside"])
    assert look["fits"]
