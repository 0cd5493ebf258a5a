"""From bytes to checked parameters, with the API's own words for what is wrong."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from threadlab.wire import errors
from threadlab.wire.assistants import Metadata

P = TypeVar("P", bound=msgspec.Struct)

METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 16, 64, 512
MAX_TOOLS = 128
MAX_INSTRUCTIONS = 256_000
MAX_NAME = 256
MAX_DESCRIPTION = 512

_decoders: dict[type, msgspec.json.Decoder[Any]] = {}

_TYPE_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_AT = r"(?: - at `\$(?P<at>.*)`)?$"
_PROBLEMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], errors.ApiError]], ...] = (
    (
        re.compile(r"Object missing required field `(?P<field>[^`]+)`" + _AT),
        lambda m, at: errors.missing(_join(at, m["field"])),
    ),
    (
        re.compile(r"Object contains unknown field `(?P<field>[^`]+)`" + _AT),
        lambda m, at: errors.unknown_parameter(_join(at, m["field"])),
    ),
    (
        re.compile(r"Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`" + _AT),
        lambda m, at: errors.wrong_type(at or "body", _wanted(at, m["want"]), _TYPE_NAMES.get(m["got"], m["got"])),
    ),
)


def _join(at: str, field: str) -> str:
    return f"{at}.{field}" if at else field


def _alternatives(want: str) -> str:
    names = [_TYPE_NAMES.get(one.strip(), one.strip()) for one in want.split("|") if one.strip() != "null"]
    return " or ".join(names) if len(names) < 3 else "one of " + ", ".join(names)


def _wanted(at: str, want: str) -> str:
    """Metadata is a kind of object of its own (seen: hiddenhatpress/openai-assistants#1)."""
    names = _alternatives(want)
    return "a metadata object" if names == "an object" and at.rpartition(".")[2] == "metadata" else names


def _path(at: str | None) -> str:
    """`.messages[0].content` → `messages[0].content`."""
    return (at or "").removeprefix(".").replace("[...]", "")


def body(raw: bytes, kind: type[P]) -> P:
    """The request body as `kind`. Raises ApiError (400) in the API's words."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        decoded: P = decoder.decode(raw or b"{}")
        return decoded
    except msgspec.ValidationError as problem:
        raise _reworded(str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise errors.not_json() from None


_SUPPORTED = {
    "role": ["user", "assistant"],
    "detail": ["auto", "low", "high"],
}


def _reworded(text: str) -> errors.ApiError:
    for pattern, make in _PROBLEMS:
        if match := pattern.match(text):
            return make(match, _path(match["at"]))
    match = re.match(r"Invalid (?:enum )?value (?P<value>.+?)" + _AT, text)
    if match:
        at = _path(match["at"])
        supported = _SUPPORTED.get(at.rpartition(".")[2])
        if supported:
            return errors.wrong_value(at, match["value"].strip("'"), supported)
        return errors.invalid(at or None, f"Invalid value: {match['value']}.")
    at_match = re.search(_AT, text)
    at = _path(at_match["at"]) if at_match else ""
    return errors.invalid(at or None, f"Invalid '{at}': {text.split(' - at')[0]}." if at else f"Invalid body: {text}.")


# ---- rules that types cannot say ---------------------------------------------------------------------------------------------------------


def metadata(given: dict[str, str] | None, param: str = "metadata") -> Metadata:
    """16 pairs, keys of 64 characters, values of 512. Raises ApiError (400)."""
    if not given:
        return {}
    if len(given) > METADATA_PAIRS:
        raise errors.too_many_properties(param, METADATA_PAIRS, len(given))
    for key, value in given.items():
        if len(key) > METADATA_KEY:
            raise errors.too_long(f"{param}.{key[:METADATA_KEY]}…", METADATA_KEY, len(key))
        if len(value) > METADATA_VALUE:
            raise errors.too_long(f"{param}.{key}", METADATA_VALUE, len(value))
    return given


def length(param: str, value: str | None, limit: int) -> None:
    if value is not None and len(value) > limit:
        raise errors.too_long(param, limit, len(value))


def between(param: str, value: float | None, low: float, high: float | None = None) -> None:
    if value is None:
        return
    if value < low:
        raise errors.below_minimum(param, low, value)
    if high is not None and value > high:
        raise errors.above_maximum(param, high, value)


def items(param: str, value: Iterable[Any] | None, limit: int) -> None:
    count = len(list(value)) if value is not None else 0
    if count > limit:
        raise errors.too_many_items(param, limit, count)
