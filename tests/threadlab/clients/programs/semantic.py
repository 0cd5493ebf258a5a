"""semantic-kernel's assistant agent, at once and streaming."""

import asyncio
import json
from typing import Annotated

from openai import AsyncOpenAI
from semantic_kernel.agents import AssistantAgentThread, OpenAIAssistantAgent
from semantic_kernel.functions import kernel_function


class Geography:
    @kernel_function(name="get_population", description="How many people live in a country.")
    def get_population(self, country: Annotated[str, "The country"]) -> str:
        return f"{country}: 68 million"


async def main() -> None:
    client = AsyncOpenAI()
    plugin = Geography()
    definition = await client.beta.assistants.create(model="gpt-4o", name="geographer", instructions="Answer briefly.")
    agent = OpenAIAssistantAgent(client=client, definition=definition, plugins=[plugin])
    thread = AssistantAgentThread(client=client)
    response = await agent.get_response(messages="What is the population of France?", thread=thread)
    print(json.dumps({"first": str(response)}))
    streamed = ""
    async for part in agent.invoke_stream(messages="What is the population of Japan?", thread=thread):
        streamed += str(part.content)
    print(json.dumps({"streamed": streamed}))
    await thread.delete()


asyncio.run(main())
