"""Whole pages of HTML from templates. Whatever is put into one is escaped there, unless it is Markup already."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(path: Path) -> Template:
    """The template in a file. It fails on a name that it is not given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # loaded when the first page is asked for

    loader = FileSystemLoader(path.parent)
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return templates.get_template(path.name)
