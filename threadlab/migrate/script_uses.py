"""Uses of the Assistants API in JavaScript and TypeScript, by the syntax tree that tree-sitter makes.

The same is followed as in Python: member chains with `.beta.threads…`, names that a part of one was bound to (`const { runs } =
openai.beta.threads`), names imported from packages that wrap the API, strings that are addresses of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from threadlab.errors import ThreadlabError
from threadlab.migrate.found import Found
from threadlab.migrate.mapping import RESOURCES, replacement
from threadlab.migrate.wrappers import SCRIPT_WRAPPERS, request_replacement, requested, speaks_http

SUFFIXES = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"})
_OTHER_NAMES = {"del": "delete", "createAndStream": "create_and_stream"}
"""Methods whose names in JavaScript are not those of Python in another spelling."""


class NoParser(ThreadlabError):
    """tree-sitter is not installed."""


@lru_cache(maxsize=3)
def _parser(kind: str) -> Any:
    try:
        import tree_sitter
        import tree_sitter_javascript
        import tree_sitter_typescript
    except ImportError:
        raise NoParser("reading JavaScript needs the extra `scan`: python -m pip install 'threads-course[scan]'") from None
    grammars = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }
    return tree_sitter.Parser(tree_sitter.Language(grammars[kind]()))


def uses(source: bytes, path: str, suffix: str) -> list[Found]:
    """The uses in one file. Raises NoParser."""
    kind = {".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx"}.get(suffix, "javascript")
    script = _Script(_parser(kind).parse(source).root_node)
    signed = speaks_http(source.decode("utf-8", "replace"))
    result: list[Found] = []
    for node, call in script.calls():
        result.append(_found(path, node, f"beta.{call}", replacement(call), "call"))
    for node, name, advice in script.wrappers():
        result.append(_found(path, node, name, advice, "wrapper"))
    for node, text in script.strings():
        rest = requested(text, signed=signed)
        if rest is not None:
            result.append(_found(path, node, f"/v1/{rest}", request_replacement(rest), "http"))
    return sorted(result, key=lambda one: (one.line, one.column))


def _found(path: str, node: Any, call: str, said: str, kind: Any) -> Found:
    return Found(path, node.start_point[0] + 1, node.start_point[1] + 1, call, said, kind)


def _text(node: Any) -> str:
    text: str = node.text.decode("utf-8", "replace")
    return text


def _walk(node: Any) -> Iterator[Any]:
    """Every node, outermost first. Not by recursion: minified code is nested deeply."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.children[::-1]


class _Script:
    def __init__(self, root: Any) -> None:
        self._nodes = list(_walk(root))
        self._bound: dict[str, str] = {}
        before = -1
        while len(self._bound) != before:
            before = len(self._bound)
            for node in self._nodes:
                self._bind(node)

    def _bind(self, node: Any) -> None:
        if node.type == "variable_declarator":
            target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        elif node.type in ("assignment_expression", "public_field_definition", "field_definition"):
            target = node.child_by_field_name("left") or node.child_by_field_name("name") or node.child_by_field_name("property")
            value = node.child_by_field_name("right") or node.child_by_field_name("value")
        else:
            return
        meaning = self._meaning(value) if target is not None and value is not None else None
        if meaning is None:
            return
        if target.type == "object_pattern":
            for one in target.named_children:
                name, alias = _names_of(one)
                if name:
                    self._bound.setdefault(alias, f"{meaning}.{name}")
        else:
            self._bound.setdefault(_text(target), meaning)

    def _meaning(self, node: Any) -> str | None:
        """The path below the client that an expression stands for, in the words of Python."""
        if node.type in ("await_expression", "parenthesized_expression", "non_null_expression", "as_expression") and node.named_children:
            return self._meaning(node.named_children[0])
        if node.type not in ("member_expression", "identifier", "this"):
            return None
        if (result := self._bound.get(_text(node))) is not None:
            return result
        if node.type != "member_expression":
            return None
        inner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if inner is None or name is None:
            return None
        above = self._meaning(inner)
        if above is not None:
            return f"{above}.{_text(name)}"
        return "beta" if _text(name) == "beta" else None

    def calls(self) -> Iterator[tuple[Any, str]]:
        for node in self._nodes:
            if node.type != "call_expression":
                continue
            function = node.child_by_field_name("function")
            meaning = self._meaning(function) if function is not None else None
            call = _as_python(meaning) if meaning is not None else None
            if call is not None:
                yield function, call

    def wrappers(self) -> Iterator[tuple[Any, str, str]]:
        imports: dict[str, str] = {}
        for node in self._nodes:
            if node.type != "import_statement" or (module := node.child_by_field_name("source")) is None:
                continue
            table = SCRIPT_WRAPPERS.get(_text(module).strip("'\"`"), {})
            for one in _walk(node):
                if one.type == "import_specifier":
                    name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
                    if name is not None and _text(name) in table:
                        imports[_text(alias or name)] = table[_text(name)]
        for node in self._nodes:
            called = node.child_by_field_name("function" if node.type == "call_expression" else "constructor")
            if node.type in ("call_expression", "new_expression") and called is not None:
                name = _text(called)
                if name.partition(".")[0] in imports and re.fullmatch(r"[\w.]+", name):
                    yield called, name, imports[name.partition(".")[0]]

    def strings(self) -> Iterator[tuple[Any, str]]:
        for node in self._nodes:
            if node.type in ("string", "template_string") and (node.parent is None or node.parent.type != "import_statement"):
                yield node, re.sub(r"\$\{[^{}]*\}", "{}", _text(node)[1:-1])


def _names_of(one: Any) -> tuple[str, str]:
    """What a part of a pattern takes, and the name that it gives it: `{ threads: all }`."""
    if one.type == "shorthand_property_identifier_pattern":
        return _text(one), _text(one)
    if one.type == "pair_pattern":
        key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
        if key is not None and value is not None and value.type == "identifier":
            return _text(key), _text(value)
    return "", ""


def _as_python(meaning: str) -> str | None:
    """A call as it is called in Python: `threads.runs.create_and_poll`; None for one that is not of the family."""
    resource, _, method = meaning.removeprefix("beta.").rpartition(".")
    name = _OTHER_NAMES.get(method) or re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), method)
    return f"{resource}.{name}" if name in RESOURCES.get(resource, ()) else None
