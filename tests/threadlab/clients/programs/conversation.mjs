// The JavaScript SDK: create, poll, tool call, stream, a file that is searched.
import OpenAI, { toFile } from "openai";

const client = new OpenAI();
const beta = client.beta;
const tools = [
  {
    type: "function",
    function: {
      name: "get_population",
      description: "How many people live in a country.",
      parameters: { type: "object", properties: { country: { type: "string" } }, required: ["country"] },
    },
  },
];
const assistant = await beta.assistants.create({ model: "gpt-4o", instructions: "Answer briefly.", tools });
const thread = await beta.threads.create({ messages: [{ role: "user", content: "What is the population of France?" }] });

let run = await beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id }, { pollIntervalMs: 50 });
const asked = run.status;
const calls = run.required_action.submit_tool_outputs.tool_calls;
const outputs = calls.map((call) => ({
  tool_call_id: call.id,
  output: `${JSON.parse(call.function.arguments).country}: 68 million`,
}));
run = await beta.threads.runs.submitToolOutputsAndPoll(run.id, { thread_id: thread.id, tool_outputs: outputs }, { pollIntervalMs: 50 });
const messages = await beta.threads.messages.list(thread.id);

await beta.threads.messages.create(thread.id, { role: "user", content: "And what is its capital?" });
let streamed = "";
const stream = beta.threads.runs.stream(thread.id, { assistant_id: assistant.id, tool_choice: "none" });
stream.on("textDelta", (delta) => (streamed += delta.value));
const final = await stream.finalMessages();

const file = await client.files.create({ file: await toFile(Buffer.from("Refunds are paid within 14 days."), "refunds.txt"), purpose: "assistants" });
const store = await client.vectorStores.create({ name: "refunds" });
const kept = await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id }, { pollIntervalMs: 20 });
const clerk = await beta.assistants.create({
  model: "gpt-4o",
  tools: [{ type: "file_search" }],
  tool_resources: { file_search: { vector_store_ids: [store.id] } },
});
const search = await beta.threads.createAndRunPoll(
  { assistant_id: clerk.id, thread: { messages: [{ role: "user", content: "Within how many days are refunds paid?" }] } },
  { pollIntervalMs: 50 },
);
const [found] = (await beta.threads.messages.list(search.thread_id)).data[0].content;

let refused = "";
try {
  await beta.threads.retrieve("undefined");
} catch (error) {
  refused = error instanceof OpenAI.BadRequestError ? error.message : String(error);
}
console.log(
  JSON.stringify({
    asked,
    status: run.status,
    answer: messages.data[0].content[0].text.value,
    streamed,
    stored: final[0].content[0].text.value,
    file: kept.status,
    found: found.text.value.split("【")[0],
    citations: found.text.annotations.map((one) => one.type),
    refused,
  }),
);
