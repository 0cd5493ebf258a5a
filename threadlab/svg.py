"""Pictures as SVG: shapes, and the picture that they make. Plain text, no library, the same on every computer.

What a colour says, a shape and a word say too: a tick or a cross, an arrow that ends in a point or in a cross, a status in words. Shapes
are `Markup`: texts are escaped where they become SVG, once.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

FONT = 12.5
SANS = Markup("system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif")
MONO = Markup("ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace")

STYLE = Markup("""
.tl {{ font: {font}px {sans}; fill: #1f2937; }}
.tl-card {{ fill: #ffffff; stroke: #d1d5db; }}
.tl-lane {{ fill: #f3f4f6; }}
.tl-title {{ font-size: 17px; font-weight: 600; }}
.tl-head {{ font-size: 14px; font-weight: 600; }}
.tl-name {{ font-size: 11px; font-weight: 600; fill: #4b5563; letter-spacing: 0.04em; }}
.tl-dim {{ fill: #5b6472; }}
.tl-code {{ font-family: {mono}; font-size: 12px; }}
.tl-rule {{ stroke: #d1d5db; }}
.tl-fly {{ stroke: #a16207; fill: none; stroke-width: 2.5; stroke-dasharray: 5 3; }}
.tl-go {{ stroke: #4b5563; fill: none; stroke-width: 1.5; }}
.tl-dot {{ fill: #ffffff; stroke: #a16207; stroke-width: 2; }}
.tl-bar {{ fill: #dbeafe; stroke: #1d4ed8; stroke-width: 1.5; }}
.tl-bad {{ stroke: #b91c1c; fill: none; stroke-width: 2.5; stroke-linecap: round; }}
.tl-good {{ stroke: #047857; fill: none; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }}
@media (prefers-color-scheme: dark) {{
.tl {{ fill: #e5e7eb; }}
.tl-card {{ fill: #111827; stroke: #374151; }}
.tl-lane {{ fill: #1f2937; }}
.tl-name {{ fill: #b6bec9; }}
.tl-dim {{ fill: #aab2bf; }}
.tl-rule {{ stroke: #374151; }}
.tl-fly {{ stroke: #fbbf24; }}
.tl-go {{ stroke: #b6bec9; }}
.tl-dot {{ fill: #111827; stroke: #fbbf24; }}
.tl-bar {{ fill: #1e3a8a; stroke: #93c5fd; }}
.tl-bad {{ stroke: #f87171; }}
.tl-good {{ stroke: #34d399; }}
}}
""").format(font=FONT, sans=SANS, mono=MONO)
"""Of a timeline."""

WIDGET_STYLE = Markup("""
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
""")
"""What the widgets' drawings have beside it."""


@dataclass(frozen=True)
class Picture:
    """A drawing, with a title and the same in words. It becomes HTML in three ways."""

    parts: Sequence[Markup]
    title: str
    description: str
    width: float
    height: float
    style: Markup = STYLE + WIDGET_STYLE

    def svg(self) -> Markup:
        """One SVG that can stand by itself: it brings its colours, light and dark."""
        words = Markup("<title>{}</title>\n<desc>{}</desc>\n<style>{}</style>\n").format(self.title, self.description, self.style)
        return self._element(self.title, words) + Markup("\n")

    def inside(self) -> Markup:
        """For a living widget: without colours of its own, which would leak into the page; its description is its label."""
        return self._element(self.description, Markup(""))

    def image(self) -> Markup:
        """For paper: an image apart from the page, so that neither's style touches the other's; its description is the alternative text."""
        data = base64.b64encode(self.svg().encode()).decode()
        image = Markup('<img src="data:image/svg+xml;base64,{}" alt="{}" style="max-width:100%;height:auto">')
        return image.format(data, self.description)

    def _element(self, label: str, head: Markup) -> Markup:
        element = Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
            'role="img" aria-label="{label}">\n{head}'
            '<rect class="tl-card" x="0.5" y="0.5" width="{inner_width:.0f}" height="{inner_height:.0f}" rx="8"/>\n{shapes}\n</svg>'
        )
        return element.format(
            width=self.width,
            height=self.height,
            inner_width=self.width - 1,
            inner_height=self.height - 1,
            label=label,
            head=head,
            shapes=Markup("\n").join(self.parts),
        )


# ---- shapes ------------------------------------------------------------------------------------------------------------------------------


def text_at(x: float, y: float, text: str, kind: str = "") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(f"tl {kind}".strip(), x, y, text)


def path(data: str, kind: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, data)


def box(x: float, y: float, width: float, height: float, kind: str, round_: float = 6) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{:g}"/>').format(
        kind, x, y, width, height, round_
    )


def disc(x: float, y: float, radius: float, kind: str) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:g}"/>').format(kind, x, y, radius)


def cross(x: float, y: float) -> Markup:
    return path(f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10", "tl-bad")
