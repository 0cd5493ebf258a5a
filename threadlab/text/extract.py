"""From a file's bytes to the passages that can be searched: text files of many kinds, HTML, and PDF.

What cannot be read is told as the API told it: `unsupported_file` for a kind of file that is not taken, `invalid_file` for one that is
broken. The kinds are those that file_search took (official list), less the office formats, plus CSV.
"""

import json
import re
import subprocess
import sys
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import PurePath

from threadlab.text import pdf_child
from threadlab.wire.files import FileError, StaticChunking

TEXT = frozenset(
    f".{suffix}"
    for suffix in (
        *("c", "cpp", "cs", "css", "csv", "go", "htm", "html", "java", "js", "json", "jsonl", "md", "php", "py", "rb", "sh", "tex"),
        *("text", "ts", "txt", "xml", "yaml", "yml"),
    )
)
FAR_TOO_LONG = 120.0
"""Real seconds after which the process that reads a PDF is given up, however little of the processor it has had."""
WORDS_PER_TOKEN = 0.75
"""By which chunk sizes, given in tokens, become words: exact counts would make every upload slow (OpenAI's rule of thumb)."""


class Unreadable(Exception):
    """There is no text to be had from this file."""

    def __init__(self, error: FileError) -> None:
        super().__init__(error.message)
        self.error = error


def unsupported(filename: str) -> Unreadable:
    kind = PurePath(filename).suffix.lower() or "no suffix"
    return Unreadable(FileError("unsupported_file", f"The file type of {filename!r} ({kind}) is not supported for file search."))


def text_of(filename: str, data: bytes) -> str:
    """The text of a file. Raises Unreadable."""
    suffix = PurePath(filename).suffix.lower()
    if suffix == ".pdf":
        return _pdf(data)
    if suffix not in TEXT:
        raise unsupported(filename)
    text = _decoded(filename, data)
    if suffix in (".html", ".htm"):
        reader = _Visible()
        reader.feed(text)
        return reader.text()
    if suffix == ".json":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            raise Unreadable(FileError("invalid_file", f"The file {filename!r} is not valid JSON.")) from None
    return text


def _decoded(filename: str, data: bytes) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(FileError("invalid_file", f"The file {filename!r} is neither UTF-8 nor UTF-16 text.")) from None


@lru_cache(maxsize=32)
def _pdf(data: bytes) -> str:
    """The text of a PDF, taken out by a process with limits where there are processes. Raises Unreadable."""
    if sys.platform == "emscripten":
        try:
            return "\n\n".join(pdf_child.pages(data))
        except Exception as problem:  # a broken PDF fails in more ways than the library has names for
            raise _broken_pdf(type(problem).__name__) from None
    command = [sys.executable, "-I", pdf_child.__file__]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=FAR_TOO_LONG, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise _broken_pdf(type(problem).__name__) from None
    if done.returncode == 0:
        return done.stdout.decode("utf-8")
    reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
    raise _broken_pdf(reason[-1][:100] if done.returncode == 1 and reason else "it takes too much time or memory")


def _broken_pdf(reason: str) -> Unreadable:
    return Unreadable(FileError("invalid_file", f"The PDF cannot be read: {reason}."))


class _Visible(HTMLParser):
    """Collects the text that a browser would show."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        self._parts.append("\n" if tag in ("p", "br", "li", "tr", "div", "h1", "h2", "h3") else " ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in ("script", "style")))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)

    def text(self) -> str:
        return re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"[ \t]+", " ", "".join(self._parts))).strip()


@lru_cache(maxsize=256)
def passages(text: str, chunking: StaticChunking) -> tuple[str, ...]:
    """The text in pieces of at most the size asked for, each beginning before the one before it ends."""
    size = max(1, int(chunking.max_chunk_size_tokens * WORDS_PER_TOKEN))
    step = max(1, size - int(chunking.chunk_overlap_tokens * WORDS_PER_TOKEN))
    words = [match.span() for match in re.finditer(r"\S+", text)]
    result: list[str] = []
    for at in range(0, len(words), step):
        last = words[min(at + size, len(words)) - 1]
        result.append(text[words[at][0] : last[1]])
        if at + size >= len(words):
            break
    return tuple(result)
