"""How many tokens a prompt and a wanted call cost, in our own formatting."""

from __future__ import annotations

from collections.abc import Iterable

from threadlab.engine.summaries import summary_of
from threadlab.text import tokens
from threadlab.wire import assistants as o
from threadlab.wire import responses as r
from threadlab.wire.prompts import Prompt

BASE_TOKENS = 3
"""What our formatting adds once a prompt."""


def prompt_tokens(prompt: Prompt, known: dict[str, int]) -> int:
    """Tokens of a prompt in our formatting. `known` has the counts that are kept with the messages (o200k_base)."""
    total = BASE_TOKENS + tokens.of_message(prompt.instructions, prompt.model)
    keep = tokens.encoding_name(prompt.model) == "o200k_base"
    for turn in prompt.turns:
        count = known.get(turn.message_id, 0) if keep else 0
        total += count or tokens.of_message(turn.text, prompt.model)
    for passage in prompt.passages or []:
        total += tokens.of_message(passage.text, prompt.model)
    for result in prompt.results:
        total += tokens.of_message(result.name + result.arguments, prompt.model) + tokens.of_message(result.output, prompt.model)
    return total


def call_tokens(calls: Iterable[o.StepCall], model: str) -> int:
    """Tokens that the model wrote to ask for these calls."""
    functions = [call.function for call in calls if isinstance(call, o.FunctionStepCall)]
    return sum(tokens.count(one.name, model) + tokens.count(one.arguments, model) for one in functions)


def tokens_of(item: r.Item) -> int:
    """What an item costs in a prompt, in our own formatting."""
    match item:
        case r.Message():
            return tokens.of_message(item.text)
        case r.FunctionCall():
            return tokens.of_message(item.name + item.arguments)
        case r.FunctionCallOutput():
            return tokens.of_message(r.text_of(item.output))
        case r.Compaction():
            return tokens.of_message(summary_of(item))
        case _:
            return 0
