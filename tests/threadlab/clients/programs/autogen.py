"""autogen-ext's assistant agent."""

import asyncio
import json

from autogen_agentchat.messages import TextMessage
from autogen_core import CancellationToken
from autogen_ext.agents.openai import OpenAIAssistantAgent
from openai import AsyncOpenAI


async def get_population(country: str) -> str:
    """How many people live in a country."""
    return f"{country}: 68 million"


async def main() -> None:
    agent = OpenAIAssistantAgent(
        name="geographer",
        description="Knows countries",
        client=AsyncOpenAI(),
        model="gpt-4o",
        instructions="Answer briefly.",
        tools=[get_population],
    )
    said = []
    for question in ("What is the population of France?", "And what is its capital?"):
        response = await agent.on_messages([TextMessage(content=question, source="user")], CancellationToken())
        said.append(response.chat_message.content)
    print(json.dumps({"first": said[0], "second": said[1]}))
    await agent.on_reset(CancellationToken())
    await agent.delete_assistant(CancellationToken())


asyncio.run(main())
