"""pydantic-ai's agent on Responses: a tool, a second turn, structured output, a stream, a search of files."""

import asyncio
import json

from pydantic_ai import Agent
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.native_tools import FileSearchTool
from refunds import QUESTION, vector_store


async def main() -> None:
    model = OpenAIResponsesModel("gpt-4o")
    agent = Agent(model, instructions="Answer briefly.")

    @agent.tool_plain
    def get_population(country: str) -> str:
        """How many people live in a country."""
        return f"{country}: 68 million"

    first = await agent.run("What is the population of France?")
    second = await agent.run("And what is its capital?", message_history=first.all_messages())
    print(json.dumps({"first": first.output, "second": second.output, "requests": first.usage().requests}))

    async with agent.run_stream("What is the population of Japan?") as result:
        pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
    print(json.dumps({"streamed": "".join(pieces)}))

    clerk = Agent(model, capabilities=[NativeTool(FileSearchTool(file_store_ids=[vector_store()]))])
    found = await clerk.run(QUESTION)
    calls = [part.tool_name for message in found.all_messages() for part in message.parts if part.part_kind == "builtin-tool-call"]
    print(json.dumps({"found": found.output, "calls": calls}))


asyncio.run(main())
