"""One full turn of the official SDK, whichever version: a tool call, a stream, a file, a list; and of Responses where there are any."""

import json
import warnings

import openai

warnings.simplefilter("ignore")
client = openai.OpenAI(max_retries=0)
stores = getattr(client, "vector_stores", None) or client.beta.vector_stores
beta = client.beta
tool = {
    "type": "function",
    "function": {
        "name": "get_population",
        "description": "How many people live in a country.",
        "parameters": {"type": "object", "properties": {"country": {"type": "string"}}, "required": ["country"]},
    },
}
assistant = beta.assistants.create(model="gpt-4o", instructions="Answer briefly.", tools=[tool])
thread = beta.threads.create(messages=[{"role": "user", "content": "What is the population of France?"}])
run = beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=50)
asked = run.status
outputs = [
    {"tool_call_id": call.id, "output": json.loads(call.function.arguments)["country"] + ": 68 million"}
    for call in run.required_action.submit_tool_outputs.tool_calls
]
run = beta.threads.runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=thread.id, tool_outputs=outputs, poll_interval_ms=50)
answer = beta.threads.messages.list(thread_id=thread.id, limit=1).data[0].content[0].text.value
beta.threads.messages.create(thread_id=thread.id, role="user", content="And what is its capital?")
with beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, tool_choice="none") as stream:
    streamed = "".join(stream.text_deltas)
file = client.files.create(file=("refunds.txt", b"Refunds are paid within 14 days."), purpose="assistants")
store = stores.create(name="refunds")
kept = stores.files.create_and_poll(file_id=file.id, vector_store_id=store.id, poll_interval_ms=50).status
print(
    json.dumps({"version": openai.__version__, "asked": asked, "status": run.status, "answer": answer, "streamed": streamed, "file": kept})
)
try:
    beta.threads.retrieve(thread_id="undefined")
except openai.BadRequestError as error:
    print(json.dumps({"refused": error.body["message"]}))
if hasattr(client, "responses"):
    print(json.dumps({"response": client.responses.create(model="gpt-4o", input="What is the capital of France?").output_text}))
