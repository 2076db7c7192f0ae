// What a provider keeps for the token that made it. Requests about such an object go to that token and to no other.

import assert from 'node:assert/strict';

import OpenAI, { toFile } from 'openai';

import { HEALTHY, inEachCarefulWorld, inEachWorld } from './world.mjs';

const LINES = '{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n';

async function ids(pages) {
  const all = [];
  for await (const one of pages) all.push(one.id);
  return all;
}

async function assertOneServer(world) {
  assert.equal(new Set(await world.servers()).size, 1);
}

inEachCarefulWorld('a file stays with the token that holds it', async (world) => {
  const client = world.client();
  const made = await client.files.create({ file: await toFile(Buffer.from(LINES), 'ask.jsonl'), purpose: 'batch' });
  assert.equal(made.bytes, LINES.length);
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await client.files.retrieve(made.id)).id, made.id);
    assert.equal(await (await client.files.content(made.id)).text(), LINES);
  }
  const listed = await ids(client.files.list());
  world.calls.pop();
  // the list is that of one token, whichever is asked
  if (world.kind === HEALTHY) assert.ok(listed.every((id) => id === made.id));
  else assert.deepEqual(listed, [made.id]);
  assert.ok((await client.files.delete(made.id)).deleted);
  await assertOneServer(world);
  await assert.rejects(client.files.retrieve(made.id), OpenAI.NotFoundError);
});

inEachCarefulWorld('a batch runs where its file is', async (world) => {
  const client = world.client();
  const file = await client.files.create({ file: await toFile(Buffer.from(LINES), 'ask.jsonl'), purpose: 'batch' });
  const asked = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' };
  const batch = await client.batches.create(asked);
  assert.equal((await client.batches.retrieve(batch.id)).input_file_id, file.id);
  assert.equal((await client.batches.cancel(batch.id)).status, 'cancelling');
  await assertOneServer(world);
});

inEachCarefulWorld('a model is fine-tuned where its file is', async (world) => {
  const client = world.client();
  const file = await client.files.create({ file: await toFile(Buffer.from(LINES), 't.jsonl'), purpose: 'fine-tune' });
  const job = await client.fineTuning.jobs.create({ model: 'gpt-4o-mini', training_file: file.id });
  assert.equal((await client.fineTuning.jobs.retrieve(job.id)).id, job.id);
  await assertOneServer(world);
});

inEachWorld('a response is created, continued and retrieved where it is kept', async (world) => {
  const client = world.client();
  const first = await client.responses.create({ model: 'gpt-4o', input: 'Hello there' });
  assert.equal(first.output_text, 'You said: Hello there');
  const next = await client.responses.create({ model: 'gpt-4o', input: 'And now', previous_response_id: first.id });
  assert.equal(next.previous_response_id, first.id);
  assert.equal((await client.responses.retrieve(next.id)).output_text, 'You said: And now');
  await assertOneServer(world);
});

inEachWorld('a streamed response is continued where it is kept', async (world) => {
  const client = world.client();
  let last;
  for (const input of ['One', 'Two', 'Three']) {
    const stream = await client.responses.create({ model: 'gpt-4o', input, stream: true, previous_response_id: last });
    const events = [];
    for await (const event of stream) events.push(event);
    const deltas = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta);
    assert.equal(deltas.join(''), `You said: ${input}`);
    assert.equal(events.at(-1).type, 'response.completed');
    last = events.at(-1).response.id;
  }
  await assertOneServer(world);
});

inEachWorld('models are listed and retrieved', async (world) => {
  const client = world.client();
  assert.ok((await ids(client.models.list())).includes('gpt-4o-mini'));
  assert.equal((await client.models.retrieve('gpt-4o-mini')).id, 'gpt-4o-mini');
});
