"""Haystack's chat generator on Responses: a tool, a second turn, a stream, a search of files."""

import json

from haystack.components.generators.chat import OpenAIResponsesChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from refunds import QUESTION, vector_store


def get_population(country: str) -> str:
    """How many people live in a country."""
    return f"{country}: 68 million"


geographer = OpenAIResponsesChatGenerator(model="gpt-4o", tools=[create_tool_from_function(get_population)])
history = [ChatMessage.from_user("What is the population of France?")]
call = geographer.run(history)["replies"][0]
outputs = [ChatMessage.from_tool(get_population(**one.arguments), origin=one) for one in call.tool_calls]
history += [call, *outputs]
first = geographer.run(history)["replies"][0]
history += [first, ChatMessage.from_user("And what is its capital?")]
print(json.dumps({"first": first.text, "second": geographer.run(history)["replies"][0].text}))

pieces = []
streaming = OpenAIResponsesChatGenerator(model="gpt-4o", streaming_callback=lambda chunk: pieces.append(chunk.content))
whole = streaming.run([ChatMessage.from_user("What is the capital of Japan?")])["replies"][0].text
print(json.dumps({"streamed": "".join(pieces), "whole": whole}))

clerk = OpenAIResponsesChatGenerator(model="gpt-4o", tools=[{"type": "file_search", "vector_store_ids": [vector_store()]}])
print(json.dumps({"found": clerk.run([ChatMessage.from_user(QUESTION)])["replies"][0].text}))
