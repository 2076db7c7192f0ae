// Chat completions: plain, streamed, with tools, with a schema; and the older completions.

import assert from 'node:assert/strict';

import { inEachWorld } from './world.mjs';

const messages = [{ role: 'user', content: 'Hello there' }];
const SAID = 'You said: Hello there';
const mini = { model: 'gpt-4o-mini', messages };
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    strict: true,
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
  },
};

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const text = (chunks) => chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content ?? '')).join('');

inEachWorld('a chat completion is answered', async (world) => {
  const answer = await world.client().chat.completions.create(mini);
  assert.equal(answer.choices[0].message.content, SAID);
  assert.equal(answer.usage.total_tokens, 6);
  assert.ok(world.calls[0].attempts >= 1);
});

inEachWorld('a streamed chat ends without a usage chunk nobody asked for', async (world) => {
  const chunks = await collect(await world.client().chat.completions.create({ ...mini, stream: true }));
  assert.equal(text(chunks), SAID);
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
  assert.ok(chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1));
});

inEachWorld('a streamed chat ends with the usage chunk that was asked for', async (world) => {
  const asked = { ...mini, stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await world.client().chat.completions.create(asked));
  assert.equal(text(chunks), SAID);
  assert.equal(chunks.at(-1).usage.total_tokens, 6);
  assert.equal(chunks.filter((chunk) => chunk.usage).length, 1);
});

inEachWorld('a tool is called and its result answered', async (world) => {
  const client = world.client();
  const asked = await client.chat.completions.create({ ...mini, tools: [weather] });
  const { message } = asked.choices[0];
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'x', unit: 'c' });
  const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'Sunny' };
  const answer = await client.chat.completions.create({
    ...mini,
    messages: [...messages, message, result],
    tools: [weather],
  });
  assert.equal(answer.choices[0].message.content, `${SAID} weather gave: Sunny.`);
});

inEachWorld('a streamed tool call is put together by the helper', async (world) => {
  const final = await world.client().chat.completions.stream({ ...mini, tools: [weather] }).finalChatCompletion();
  const [call] = final.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'weather');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'x', unit: 'c' });
  assert.equal(final.choices[0].finish_reason, 'tool_calls');
});

inEachWorld('structured output is parsed', async (world) => {
  const schema = {
    type: 'object',
    properties: { number: { type: 'integer' }, lines: { type: 'array', items: { type: 'string' } } },
    required: ['number', 'lines'],
    additionalProperties: false,
  };
  const answer = await world.client().chat.completions.parse({
    ...mini,
    response_format: { type: 'json_schema', json_schema: { name: 'invoice', strict: true, schema } },
  });
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { number: 1, lines: ['x'] });
});

inEachWorld('a completion is answered and streams', async (world) => {
  const client = world.client();
  const asked = { model: 'gpt-3.5-turbo-instruct', prompt: 'Hello there' };
  assert.equal((await client.completions.create(asked)).choices[0].text, SAID);
  const chunks = await collect(await client.completions.create({ ...asked, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(''), SAID);
});
