"""The Agents SDK: a function tool, a session in a conversation of the service, a stream, a search of files."""

import asyncio
import json

from agents import Agent, FileSearchTool, OpenAIConversationsSession, Runner, function_tool, set_tracing_disabled
from refunds import QUESTION, vector_store

set_tracing_disabled(True)  # traces go to OpenAI's own address, whatever the base URL is


@function_tool
def get_population(country: str) -> str:
    """How many people live in a country."""
    return f"{country}: 68 million"


async def main() -> None:
    session = OpenAIConversationsSession()
    geographer = Agent(name="geographer", instructions="Answer briefly.", tools=[get_population], model="gpt-4o")
    first = await Runner.run(geographer, "What is the population of France?", session=session)
    second = await Runner.run(geographer, "And what is its capital?", session=session)
    print(json.dumps({"first": first.final_output, "second": second.final_output, "items": len(await session.get_items())}))

    streamed, kinds = "", []
    running = Runner.run_streamed(geographer, "What is the population of Japan?")
    async for event in running.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            streamed += event.data.delta
        if event.type == "run_item_stream_event":
            kinds.append(event.name)
    print(json.dumps({"streamed": streamed, "kinds": kinds}))

    clerk = Agent(name="clerk", tools=[FileSearchTool(vector_store_ids=[vector_store()], include_search_results=True)], model="gpt-4o")
    found = await Runner.run(clerk, QUESTION)
    calls = [item.raw_item for item in found.new_items if item.type == "tool_call_item"]
    print(json.dumps({"found": found.final_output, "files": [result.filename for call in calls for result in call.results or []]}))


asyncio.run(main())
