"""langchain-classic's runnable, by hand and in an AgentExecutor."""

import json

from langchain_classic.agents import AgentExecutor
from langchain_classic.agents.openai_assistant import OpenAIAssistantRunnable
from langchain_core.tools import tool


@tool
def get_population(country: str) -> str:
    """How many people live in a country."""
    return f"{country}: 68 million"


assistant = OpenAIAssistantRunnable.create_assistant(
    name="Geographer", instructions="Answer briefly.", tools=[get_population], model="gpt-4o", check_every_ms=50
)
agent = OpenAIAssistantRunnable(assistant_id=assistant.assistant_id, as_agent=True, check_every_ms=50)
(action,) = agent.invoke({"content": "What is the population of France?"})
output = {"tool_call_id": action.tool_call_id, "output": get_population.invoke(action.tool_input)}
messages = assistant.invoke({"thread_id": action.thread_id, "run_id": action.run_id, "tool_outputs": [output]})
print(json.dumps({"by_hand": messages[0].content[0].text.value}))

executor = AgentExecutor(agent=agent, tools=[get_population])
first = executor.invoke({"content": "What is the population of France?"})
second = executor.invoke({"content": "And what is its capital?", "thread_id": first["thread_id"]})
print(json.dumps({"agent": first["output"], "again": second["output"]}))
