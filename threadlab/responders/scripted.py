"""The scripted geography expert: a lookup in a small table, never a model, and it says so when asked.

It answers from the turns it is given and nothing else. "What is its population?" works only while the country is in the window: a message
that did not make it there is visible in the reply. The same prompt always gives the same answer.
"""

import json
import re
from functools import lru_cache
from importlib import resources
from typing import Any

from threadlab.text.ranking import words_of
from threadlab.wire import assistants as o
from threadlab.wire import files as f
from threadlab.wire.prompts import Answer, Citation, Prompt, ToolResult, WantedCall

_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "capital": ("capital",),
    "population": ("population", "people live", "inhabitants", "populous"),
    "currency": ("currency", "money", "pay with"),
    "language": ("language", "speak", "spoken"),
    "continent": ("continent", "part of the world"),
}
_ATTRIBUTE = re.compile("|".join(rf"(?P<{name}>\b(?:{'|'.join(words)}))" for name, words in _ATTRIBUTES.items()), re.IGNORECASE)
_SENTENCES = {
    "capital": "The capital of {country} is {value}.",
    "population": "{Country} has about {value} inhabitants.",
    "currency": "The currency of {country} is the {value}.",
    "language": "The main language of {country} is {value}.",
    "continent": "{Country} is in {value}.",
}
_PRONOUN = re.compile(r"\b(its|it|it's|there|that country|this country|they|their)\b", re.IGNORECASE)
_NAME_IS = re.compile(r"\b(?:my name is|i am called|call me)\s+([A-Z][\w'-]*)", re.IGNORECASE)
_REMEMBER = re.compile(r"\b(?:remember(?: that| this)?|note)[:,]?\s+(.+)", re.IGNORECASE | re.DOTALL)


def _load() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(resources.files("threadlab.responders").joinpath("countries.json").read_text("utf-8"))
    return table


_COUNTRIES = _load()
_ALIASES = {
    "uk": "United Kingdom",
    "britain": "United Kingdom",
    "usa": "United States",
    "us": "United States",
    "america": "United States",
    "holland": "Netherlands",
}
_BY_WORD = {name.lower(): name for name in _COUNTRIES} | _ALIASES
_WITH_THE = {"United Kingdom", "United States", "Netherlands", "Philippines"}
_COUNTRY = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _BY_WORD), key=len, reverse=True)) + r")\b", re.IGNORECASE)


@lru_cache(maxsize=1024)
def countries_in(text: str) -> tuple[str, ...]:
    """The countries that a text names, in order, each once."""
    names = [_BY_WORD[match.lower()] for match in _COUNTRY.findall(text) if match != "us"]
    return tuple(dict.fromkeys(names))


@lru_cache(maxsize=1024)  # every run of a thread reads its texts again, and so does every order of a trial
def _attribute_in(text: str) -> str | None:
    matches = {match.lastgroup for match in _ATTRIBUTE.finditer(text)}
    return next((name for name in _ATTRIBUTES if name in matches), None)


def _sentence(country: str, attribute: str) -> str:
    spoken = f"the {country}" if country in _WITH_THE else country
    value = _COUNTRIES[country][attribute]
    sentence = _SENTENCES[attribute].format(country=spoken, Country=spoken[0].upper() + spoken[1:], value=value)
    return sentence.replace("..", ".")


class Scripted:
    """Looks countries up in a table. See the module's text for what it will not do."""

    name = "scripted"

    def respond(self, prompt: Prompt) -> Answer:
        if not prompt.results:
            if _needs_code(prompt):
                return Answer(failure=NO_CODE)
            calls = wanted_calls(prompt)
            if calls:
                return Answer(calls=calls if prompt.parallel_tool_calls else calls[:1])
            if prompt.can_search and prompt.passages is None and prompt.tool_choice != "none":
                return Answer(search=_question(prompt))
            if prompt.passages:
                return _cited(_question(prompt), prompt.passages, prompt.response_format)
        text = _from_results(prompt.results) if prompt.results else self._say(prompt)
        return Answer(texts=[_formatted(text, prompt.response_format)])

    def _say(self, prompt: Prompt) -> str:
        questions = [turn.text for turn in prompt.turns if turn.role == "user"]
        if not questions:
            return "There is no question in what I was given."
        question = questions[-1]
        countries = countries_in(question)
        attribute = _attribute_in(question)
        earlier = questions[:-1]
        reminders = [line for line in prompt.instructions.splitlines() if _REMEMBER.search(line)]
        if not countries and attribute is None and (fact := _recalled(question, reminders + earlier)):
            return fact
        if attribute is None and countries:
            attribute = next((found for text in reversed(earlier) if (found := _attribute_in(text))), "capital")
        if attribute and not countries:
            if _PRONOUN.search(question) or not re.search(r"\bof [A-Z]", question):
                recent = next((named for text in reversed(earlier) if (named := countries_in(text))), ())
                countries = recent[-1:]
            if not countries:
                return f"Which country do you mean? None is named in the {_counted(prompt)} I was given."
        if attribute:
            return " ".join(_sentence(country, attribute) for country in countries)
        attributes = ", ".join(_ATTRIBUTES)
        knows = f"I know the {attributes} of {len(_COUNTRIES)} countries"
        return f"I am a scripted geography expert, not a model: {knows}. I was given {_counted(prompt)}."


def _counted(prompt: Prompt) -> str:
    count = len(prompt.turns)
    return f"{count} message{'' if count == 1 else 's'}"


def _recalled(question: str, earlier: list[str]) -> str | None:
    """A fact that the user stated before, as long as that message is still in the window (or the instructions repeat it)."""
    lowered = question.lower()
    if "name" in lowered and re.search(r"\b(my|i)\b", lowered) and not _NAME_IS.search(question):
        for text in reversed(earlier):
            if match := _NAME_IS.search(text):
                return f"Your name is {match[1]}."
        return "You have not told me your name in the messages I was given."
    if re.search(r"\b(what did i (?:say|tell|ask)|remind me|what should you remember|what do you remember)\b", lowered):
        facts = [match[1].strip().rstrip(".") for text in earlier if (match := _REMEMBER.search(text))]
        if facts:
            return "You asked me to remember: " + "; ".join(facts) + "."
        return f"You said: {earlier[-1]}" if earlier else "You have said nothing before, in what I was given."
    if match := _REMEMBER.search(question):
        return f"I will remember: {match[1].strip()}"
    if match := _NAME_IS.search(question):
        return f"Hello, {match[1]}."
    return None


def _question(prompt: Prompt) -> str:
    return next((turn.text for turn in reversed(prompt.turns) if turn.role == "user"), "")


# ---- files and code -------------------------------------------------------------------------------------------------------------------

NO_CODE = o.LastError(
    "server_error",
    "tool not available here: this service runs no code, so code_interpreter cannot be used. Give the assistant a function of your own.",
)


def _needs_code(prompt: Prompt) -> bool:
    """Whether only code_interpreter would do: it is forced, or required and nothing else is there, or asked for by name."""
    kinds = {type(tool) for tool in prompt.tools}
    if o.CodeInterpreter not in kinds or prompt.tool_choice == "none":
        return False
    if isinstance(prompt.tool_choice, o.ToolChoice):
        return prompt.tool_choice.type == "code_interpreter"
    if prompt.tool_choice == "required" and kinds == {o.CodeInterpreter}:
        return True
    return re.search(r"\bcode[ _]interpreter\b|\b(?:run|execute) (?:\w+ )?code\b", _question(prompt), re.IGNORECASE) is not None


def _cited(question: str, passages: list[f.Passage], wanted: Any) -> Answer:
    """The sentence of the best passage that says most about the question, with its source."""
    best = passages[0]
    words = {word[:5] for word in words_of(question)}
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s+|\n+", best.text) if one.strip()]
    best_sentence = max(sentences, key=lambda one: len(words & {word[:5] for word in words_of(one)}), default=best.text.strip())
    mark = "【4:0†source】"
    return Answer([_formatted(f"{best_sentence[:600]}{mark}", wanted)], [Citation(mark, best.file_id)])


# ---- tools ---------------------------------------------------------------------------------------------------------------------------


def wanted_calls(prompt: Prompt) -> list[WantedCall]:
    """Which functions to ask for: those the choice forces, else those whose name shares a word with the question; a call a place."""
    functions = [tool.function for tool in prompt.tools if isinstance(tool, o.Function)]
    choice = prompt.tool_choice
    questions = [turn.text for turn in prompt.turns if turn.role == "user"]
    question = questions[-1] if questions else ""
    if choice == "none" or not functions:
        return []
    if isinstance(choice, o.ToolChoice):
        forced = choice.function.name if choice.function else None
        selected = [one for one in functions if one.name == forced]
    else:
        words = set(re.findall(r"[a-z0-9]{3,}", question.lower()))
        selected = [one for one in functions if words & _words_of(one.name)]
        if choice == "required" and not selected:
            selected = functions[:1]
    return [WantedCall(one.name, json.dumps(arguments)) for one in selected for arguments in _argument_sets(one, question)]


_DULL = {"get", "set", "fetch", "the", "find", "lookup", "look", "for", "make", "run", "call", "tool", "what", "and"}


def _words_of(name: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return set(re.findall(r"[a-z0-9]{3,}", spaced.lower().replace("_", " "))) - _DULL


def _argument_sets(function: o.FunctionDefinition, question: str) -> list[dict[str, Any]]:
    schema = function.parameters or {}
    properties = {name: part if isinstance(part, dict) else {} for name, part in _dict(schema.get("properties")).items()}
    required = [name for name in _list(schema.get("required")) if isinstance(name, str)] or list(properties)
    quoted = re.findall(r"[\"“']([^\"”']+)[\"”']", question)
    places = quoted or countries_in(question) or re.findall(r"(?<!^)(?<![.?!] )\b[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+)*", question)
    numbers = [
        json.loads(one) for one in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])", question) if not one.lstrip("-").startswith("0")
    ]
    strings = [name for name in required if _type_of(properties.get(name)) == "string" and "enum" not in properties.get(name, {})]
    sets = [
        {name: _value(properties.get(name), place if strings[:1] == [name] else None, question, numbers) for name in required}
        for place in (dict.fromkeys(places) or [None])
    ]
    return sets if strings else sets[:1]


def _dict(value: Any) -> dict[str, Any]:
    """What a schema holds where it should hold an object: nobody promised that it is a good schema."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _type_of(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    return kind if isinstance(kind, str) else "string"


def _value(schema: Any, place: str | None, question: str, numbers: list[float]) -> Any:
    if choices := _list(_dict(schema).get("enum")):
        named = [one for one in choices if str(one).lower() in question.lower()]
        return (named or choices)[0]
    kind = _type_of(schema)
    if kind == "string":
        return place if place is not None else question
    if kind in ("number", "integer"):
        value = numbers[0] if numbers else 1
        return int(value) if kind == "integer" else value
    return {"boolean": True, "array": [], "object": {}, "null": None}.get(kind)


def _from_results(results: list[ToolResult]) -> str:
    return " ".join(f"{result.name} says: {result.output}" for result in results)


# ---- response_format -------------------------------------------------------------------------------------------------------------------


def _formatted(text: str, wanted: Any) -> str:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return json.dumps({"answer": text}, ensure_ascii=False)
    if kind == "json_schema":
        schema = (wanted.get("json_schema") or {}).get("schema") or {}
        return json.dumps(_fill(schema, text), ensure_ascii=False)
    return text


def _fill(schema: Any, text: str) -> Any:
    """The plainest value that a JSON schema allows, with the text where a string is wanted."""
    if not isinstance(schema, dict):
        return text
    if choices := _list(schema.get("enum")):
        return choices[0]
    if "const" in schema:
        return schema["const"]
    for choice in ("anyOf", "oneOf"):
        if parts := _list(schema.get(choice)):
            return _fill(parts[0], text)
    kind = _type_of(schema)
    if kind == "object" or "properties" in schema:
        return {name: _fill(part, text) for name, part in _dict(schema.get("properties")).items()}
    if kind == "array":
        return [_fill(schema.get("items"), text)]
    return {"integer": 0, "number": 0, "boolean": True, "null": None}.get(kind, text)
