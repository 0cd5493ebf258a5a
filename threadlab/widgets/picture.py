"""Pieces of SVG that the widgets' own drawings share. The look is that of `threadlab.trials.drawing`, whose classes they use.

A picture inside a living widget takes its colours from the page (panel.css); by itself it brings its own, light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from threadlab.trials.drawing import STYLE, as_image

MORE = """
.tl-strong { font-weight: 700; }
.tl-middle { text-anchor: middle; }
.tl-end { text-anchor: end; }
.tl-band { fill: none; stroke: #a16207; stroke-width: 2.5; }
.tl-veil { fill: #ffffff; opacity: 0.62; }
.tl-box { fill: #ffffff; stroke: #6b7280; stroke-width: 1.2; }
.tl-lit { fill: #dbeafe; stroke: #1d4ed8; stroke-width: 3; }
.tl-way { stroke: #6b7280; fill: none; stroke-width: 1.2; stroke-dasharray: 2 3; }
.tl-way-tip { stroke: #6b7280; fill: none; stroke-width: 1.2; }
.tl-taken { stroke: #1d4ed8; fill: none; stroke-width: 3.5; }
.tl-tip { fill: #1d4ed8; }
.tl-tick { stroke: #1f2937; stroke-width: 1.5; fill: none; }
.tl-hatch { fill: #6b7280; }
@media (prefers-color-scheme: dark) {
.tl-band { stroke: #fbbf24; }
.tl-veil { fill: #111827; }
.tl-box { fill: #111827; stroke: #9ca3af; }
.tl-lit { fill: #1e3a8a; stroke: #93c5fd; }
.tl-way, .tl-way-tip { stroke: #9ca3af; }
.tl-taken { stroke: #93c5fd; }
.tl-tip { fill: #93c5fd; }
.tl-tick { stroke: #e5e7eb; }
.tl-hatch { fill: #9ca3af; }
}
"""


def picture(parts: Sequence[str], *, title: str, description: str, width: float, height: float) -> str:
    """One SVG that can stand by itself."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n'
        f"<style>{STYLE}{MORE}</style>\n"
        f'<rect class="tl-card" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def inside(svg: str) -> str:
    """The same for a living widget: without colours of its own, which would leak into the page; its description becomes its label."""
    described = re.search(r"<desc>(.*?)</desc>", svg, re.S)
    bare = re.sub(r"<style>.*?</style>\n?|<title>.*?</title>\n?|<desc>.*?</desc>\n?", "", svg, flags=re.S)
    label = described[1].replace('"', "&quot;") if described else ""
    return re.sub(r'aria-label="[^"]*"', lambda _: f'aria-label="{label}"', bare, count=1)


def image(svg: str) -> str:
    """The same for paper: an image with its description as alternative text."""
    from html import unescape

    described = re.search(r"<desc>(.*?)</desc>", svg, re.S)
    return as_image(svg, unescape(described[1]) if described else "")


def words(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text class="{f"tl {kind}".strip()}" x="{x:.1f}" y="{y:.1f}">{escape(text, quote=False)}</text>'


def path(data: str, kind: str) -> str:
    return f'<path class="{kind}" d="{data}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, round_: float = 6) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_:g}"/>'
