"""The page at `/`."""

import re
import time
from html.parser import HTMLParser

import pytest

from tests.threadlab.engine.desk import desk
from threadlab.service.log_line import RequestLine
from threadlab.service.status_page import is_token, last_threads, page, token_of

NASTY = "<script>alert(1)</script>&amp;\"'><img src=x onerror=alert(1)>"
KEY = "sk-threadlab-0123456789abcdef"


class Tags(HTMLParser):
    """Which elements there are, with their attributes, and what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown(*, private: bool, line: RequestLine | None = None) -> str:
    with desk() as at:
        thread = at.threads.create(metadata={NASTY: NASTY}, messages=[{"role": "user", "content": NASTY}]).id
        at.finished(thread)
        at.run(thread)
        threads = last_threads(at.service.engine.store, ["default"])
        return page("1.0", "nobody", [line] if line else [], threads, private=private).decode()


@pytest.mark.parametrize("private", [True, False])
def test_message_is_escaped(private: bool) -> None:
    tags = Tags(shown(private=private, line=RequestLine(time.time(), NASTY, NASTY, 200, 1.0)))
    assert {tag for tag, _ in tags.seen} & {"script", "img"} == set()
    assert tags.open == []


def test_text_is_shown_with_the_token_only() -> None:
    assert "alert(1)" in shown(private=True)
    everybody = shown(private=False)
    assert "alert(1)" not in everybody
    assert re.search(r"thread_\w{24}</td><td>default</td><td>2</td><td>queued", everybody)


def test_screen_reader_finds_headings_and_headers() -> None:
    tags = Tags(shown(private=True, line=RequestLine(time.time(), "GET", "/v1/threads", None, 1.0)))
    names = [tag for tag, _ in tags.seen]
    assert ("html", {"lang": "en"}) in tags.seen
    assert (names.count("main"), names.count("h1"), names.count("h2"), names.count("title")) == (1, 1, 2, 1)
    assert all(attributes == {"scope": "col"} for tag, attributes in tags.seen if tag == "th")
    assert names.count("th") == 5 + 7


def test_empty_service_shows_no_tables() -> None:
    assert page("1.0", "nobody", [], [], private=False).decode().count("None yet.") == 2


def test_token_is_checked_and_hides_the_key() -> None:
    assert is_token(token_of(KEY), KEY)
    assert not any(is_token(given, KEY) for given in ("", KEY, token_of(KEY)[:-1], token_of(KEY + "x"), "ключ"))
    assert KEY[13:] not in token_of(KEY)


def test_newest_threads_are_shown() -> None:
    with desk() as at:
        made = [at.thread() for _ in range(25)]
        assert [one.id for one in last_threads(at.service.engine.store, ["default", "other"])] == made[:4:-1]
