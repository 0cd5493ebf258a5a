"""litellm's assistants and files, and its Responses.

Its assistants have no call that hands in the output of a tool: a run that asks for one ends there. Its Responses have one.
"""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise it looks for prices on the internet when it is imported

import litellm

TOOL = {
    "type": "function",
    "function": {
        "name": "get_population",
        "description": "How many people live in a country.",
        "parameters": {"type": "object", "properties": {"country": {"type": "string"}}, "required": ["country"]},
    },
}
OPENAI = {"custom_llm_provider": "openai"}


def thread_of(text: str) -> str:
    thread = litellm.create_thread(**OPENAI, messages=[{"role": "user", "content": text}])
    return thread.id


assistant = litellm.create_assistants(**OPENAI, model="gpt-4o", instructions="Answer briefly.", tools=[TOOL])
asked = thread_of("What is the population of France?")
run = litellm.run_thread(**OPENAI, thread_id=asked, assistant_id=assistant.id)
print(json.dumps({"asked": run.status, "calls": [one.function.arguments for one in run.required_action.submit_tool_outputs.tool_calls]}))

plain = litellm.create_assistants(**OPENAI, model="gpt-4o", instructions="Answer briefly.")
thread = thread_of("What is the capital of France?")
with litellm.run_thread_stream(**OPENAI, thread_id=thread, assistant_id=plain.id) as stream:
    streamed = "".join(stream.text_deltas)
litellm.add_message(**OPENAI, thread_id=thread, role="user", content="And of Spain?")
run = litellm.run_thread(**OPENAI, thread_id=thread, assistant_id=plain.id)
newest = litellm.get_messages(**OPENAI, thread_id=thread).data[0]
print(json.dumps({"streamed": streamed, "status": run.status, "answer": newest.content[0].text.value}))

file = litellm.create_file(**OPENAI, file=("refunds.txt", b"Refunds are paid within 14 days."), purpose="assistants")
content = litellm.file_content(**OPENAI, file_id=file.id).text
listed = [one.id for one in litellm.file_list(**OPENAI)]
print(json.dumps({"content": content, "listed": file.id in listed, "deleted": litellm.file_delete(**OPENAI, file_id=file.id).deleted}))

function = {"type": "function", **TOOL["function"]}
called = litellm.responses(model="openai/gpt-4o", input="What is the population of France?", tools=[function])
(call,) = [item for item in called.output if item.type == "function_call"]
output = {"type": "function_call_output", "call_id": call.call_id, "output": json.loads(call.arguments)["country"] + ": 68 million"}
answered = litellm.responses(model="openai/gpt-4o", input=[output], previous_response_id=called.id, tools=[function])
events = litellm.responses(model="openai/gpt-4o", input="What is the capital of Japan?", stream=True)
words = "".join(event.delta for event in events if event.type == "response.output_text.delta")
print(json.dumps({"response": answered.output[0].content[0].text, "response_streamed": words}))
