"""Nicknames, the folders that hand-ins lie in, and what lets somebody in: the join code and keys."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata

LONGEST = 24
"""Characters of a nickname."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Of codes that are read from a wall and typed: none that looks like another one."""


def cleaned(text: str) -> str:
    """A nickname as everybody may see it: letters, digits and a few marks, on one line; empty if nothing of the kind is left."""
    characters: list[str] = []
    for one in unicodedata.normalize("NFKC", text[: 20 * LONGEST]):
        kind = unicodedata.category(one)
        if kind[0] in "LN" or one in "-.'" or (kind[0] == "M" and not piled(characters)):
            characters.append(one)
        elif kind[0] in "ZPS" or kind == "Cc":
            characters.append(" ")
    name = " ".join("".join(characters).split())[:LONGEST].strip(" -.'")
    return name if any(one.isalnum() for one in name) else ""


def piled(before: list[str]) -> bool:
    """Whether two accents stand on a letter already; more would cover the lines above and below."""
    return len(before) >= 2 and all(unicodedata.category(one)[0] == "M" for one in before[-2:])


def plain(name: str) -> str:
    """The same for names that people cannot tell apart by reading them aloud: case and spaces do not count."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def folder(name: str) -> str:
    """The name of a folder for a cleaned nickname, the same on every system."""
    name_of_folder = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name.lower())).strip("-")
    return name_of_folder or "participant"


def code(length: int = 6) -> str:
    """A code that is typed by hand. With 31 letters, six of them are 900 million."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def typed(text: str) -> str:
    """A code as it was meant: case, spaces and hyphens do not count."""
    return re.sub(r"[^A-Z0-9]", "", text[:64].upper())


def key() -> str:
    """A key that nobody guesses."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """What is kept of a key: whoever reads the file with it cannot come in with it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
