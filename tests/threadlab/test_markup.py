"""Text becomes HTML in one way: by the type `Markup`, which escapes what is put into it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from courseware import Progress, Quiz
from tests.course.circles import modules
from tests.course.tiny import ROOT
from threadlab import CostMeter, FaultKnobs, Polls, RunLife, Timeline
from threadlab.engine.journal import Journal
from threadlab.svg import Picture, text_at
from threadlab.widgets import base

EVIL = "<script>alert('x')</script> & \"y\""


def test_every_widget_escapes_its_title() -> None:
    for made in (CostMeter, FaultKnobs, Polls, RunLife, Progress):
        widget = made(title=EVIL)
        assert "<script" not in widget.html() + widget.static(), made
    quiz = Quiz("first-status", EVIL, title=EVIL)
    assert "<script" not in quiz.html() + quiz.static()
    assert "<script" not in Timeline(Journal(), EVIL).html()


def test_error_of_an_action_is_escaped() -> None:
    widget = Polls()
    widget.act(EVIL)
    assert "That did not work: this widget has no " in widget.said
    assert "<script" not in widget.html()
    assert "&lt;script&gt;" in widget.html()


def test_pieces_escape_what_they_are_given() -> None:
    pieces = [
        base.button("do", EVIL, EVIL),
        base.slider("do", EVIL, 1, 0, 2, said=EVIL, of=EVIL),
        base.select("do", EVIL, [(EVIL, EVIL)], EVIL, of=EVIL),
        base.table(EVIL, [EVIL, EVIL], [[EVIL, EVIL]]),
        base.paragraph(EVIL),
        base.folded(EVIL, base.with_code(EVIL)),
    ]
    for piece in pieces:
        assert "<script" not in piece
        # Well-formed, too: no quotation mark ends an attribute early.
        closed = re.sub(r"(<input [^>]*)>", r"\1/>", str(piece).replace(" selected>", ">"))
        ET.fromstring(f"<div>{closed}</div>")


def test_code_between_backquotes_is_shown_as_code() -> None:
    assert str(base.with_code("a `b<c` d<e")) == "a <code>b&lt;c</code> d&lt;e"


def test_picture_becomes_three_kinds_of_html() -> None:
    picture = Picture([text_at(1, 2, EVIL)], EVIL, EVIL, 10, 10)
    root = ET.fromstring(picture.svg())
    assert [element.tag.rpartition("}")[2] for element in root] == ["title", "desc", "style", "rect", "text"]
    assert root[1].text == root[4].text == EVIL
    inside = ET.fromstring(picture.inside())
    assert inside.get("aria-label") == EVIL
    assert [element.tag.rpartition("}")[2] for element in inside] == ["rect", "text"]
    assert ET.fromstring(str(picture.image()) + "</img>").get("alt") == EVIL


def test_no_module_escapes_by_hand() -> None:
    """`html.escape` returns a str, which nobody can tell from a text that was not escaped."""
    text_only = ROOT / "autograder" / "judging" / "cleaning.py"  # HTML is text there: it comes from a submission, and goes through nh3
    by_hand = [
        str(path.relative_to(ROOT))
        for path in modules(ROOT)
        if path != text_only and re.search(r"^(from html import|import html\b)", path.read_text(encoding="utf-8"), re.M)
    ]
    assert by_hand == []
