"""langchain-openai's chat model on Responses: a tool, a second turn by the response's id, a stream, a search of files."""

import json

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from refunds import QUESTION, vector_store


@tool
def get_population(country: str) -> str:
    """How many people live in a country."""
    return f"{country}: 68 million"


model = ChatOpenAI(model="gpt-4o", use_responses_api=True, use_previous_response_id=True)
geographer = model.bind_tools([get_population])
history = [HumanMessage("What is the population of France?")]
call = geographer.invoke(history)
outputs = [ToolMessage(get_population.invoke(one["args"]), tool_call_id=one["id"]) for one in call.tool_calls]
history += [call, *outputs]
first = geographer.invoke(history)
history += [first, HumanMessage("And what is its capital?")]
second = geographer.invoke(history)
print(json.dumps({"first": first.text, "second": second.text}))

whole = None
for chunk in geographer.stream("What is the population of Japan?"):
    whole = chunk if whole is None else whole + chunk
streamed = "".join(chunk.text for chunk in model.stream("What is the capital of Japan?"))
print(json.dumps({"streamed": streamed, "streamed_call": [(one["name"], one["args"]) for one in whole.tool_calls]}))

clerk = model.bind_tools([{"type": "file_search", "vector_store_ids": [vector_store()]}])
found = clerk.invoke(QUESTION)
citations = [note["type"] for block in found.content_blocks if block["type"] == "text" for note in block.get("annotations", [])]
print(json.dumps({"found": found.text, "citations": citations, "tokens": found.usage_metadata["total_tokens"] > 0}))
