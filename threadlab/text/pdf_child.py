"""Takes the text out of a PDF, in a process of its own: `python pdf_child.py < file.pdf`, run by `threadlab.text.extract`.

A PDF of a few kilobytes can take hours to read, or all the memory there is, so this process limits itself first. Exit code 1: it cannot be
read; the reason is on standard error.
"""

import sys
from collections.abc import Iterator
from io import BytesIO

CPU = 5
"""Seconds of processor time."""
MEMORY = 1024**3
"""Bytes of address space."""
MAX_PAGES = 500
"""Pages that are read; the rest is left out."""
MAX_CHARACTERS = 2_000_000
"""Characters that are taken over; the rest is left out."""


def pages(data: bytes) -> Iterator[str]:
    """The text of each page, until there is enough. Raises whatever pypdf raises."""
    from pypdf import PdfReader  # only those who have PDFs need it

    left = MAX_CHARACTERS
    for page in PdfReader(BytesIO(data)).pages[:MAX_PAGES]:
        text = page.extract_text()[:left]
        left -= len(text)
        yield text
        if left <= 0:
            return


def main() -> int:
    try:
        import resource
    except ImportError:  # Windows: no limits of this kind
        pass
    else:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        text = "\n\n".join(pages(sys.stdin.buffer.read()))
    except Exception as problem:  # a broken PDF fails in more ways than the library has names for
        print(type(problem).__name__, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
