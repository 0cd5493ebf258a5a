// Vercel's `ai` with `@ai-sdk/openai`, which speaks Responses: a tool in several steps, a stream, a search of files.
import { openai } from "@ai-sdk/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI, { toFile } from "openai";
import { z } from "zod";

const tools = {
  get_population: tool({
    description: "How many people live in a country.",
    inputSchema: z.object({ country: z.string() }),
    execute: async ({ country }) => `${country}: 68 million`,
  }),
};
const model = openai("gpt-4o");
const stopWhen = stepCountIs(3);
const messages = [{ role: "user", content: "What is the population of France?" }];
const first = await generateText({ model, tools, stopWhen, messages });
messages.push(...first.response.messages, { role: "user", content: "And what is its capital?" });
const second = await generateText({ model, tools, stopWhen, messages });

const stream = streamText({ model, tools, stopWhen, prompt: "What is the population of Japan?" });
let streamed = "";
for await (const part of stream.textStream) streamed += part;

const client = new OpenAI();
const file = await client.files.create({ file: await toFile(Buffer.from("Refunds are paid within 14 days."), "refunds.txt"), purpose: "assistants" });
const store = await client.vectorStores.create({ name: "refunds" });
await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id }, { pollIntervalMs: 20 });
const search = await generateText({
  model,
  tools: { file_search: openai.tools.fileSearch({ vectorStoreIds: [store.id] }) },
  prompt: "Within how many days are refunds paid?",
});
console.log(
  JSON.stringify({
    first: first.text,
    steps: first.steps.length,
    second: second.text,
    streamed,
    finish: await stream.finishReason,
    found: search.text,
    calls: search.toolCalls.map((call) => call.toolName),
    tokens: first.totalUsage.totalTokens > 0,
  }),
);
