// What goes wrong arrives as the error class the client's own documentation names; a client that leaves is noticed.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import { waitUntil } from './processes.mjs';
import { CLIENT_KEY, GOOD, HEALTHY, REFUSALS, TOKENS, all, inWorld } from './world.mjs';

const mini = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello there' }] };
const ask = (client, changes = {}, options = {}) => client.chat.completions.create({ ...mini, ...changes }, options);
const stalled = all({ faults: [{ kind: 'stall_head' }] });
// a stream that would go on for minutes
const long = all({ words: 5000, faults: [{ kind: 'pace', ms: 50 }] });

async function failure(promise, kind) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof kind, `${error?.constructor?.name} instead of ${kind.name}: ${error}`);
    return error;
  }
  return assert.fail(`no ${kind.name}`);
}

/** The text that arrived, and the error that ended the stream. */
async function brokenStream(stream) {
  let text = '';
  const error = await failure((async () => {
    for await (const chunk of await stream) text += chunk.choices[0]?.delta.content ?? '';
  })(), OpenAI.APIError);
  return { text, error };
}

inWorld("a caller's mistake costs one attempt and comes back as the provider said it", {}, async (world) => {
  const error = await failure(ask(world.client(), { messages: 'nonsense' }), OpenAI.BadRequestError);
  assert.deepEqual([error.param, error.code], ['messages', 'invalid_type']);
  assert.equal((await world.seen()).length, 1);
});

for (const key of ['ck-wrong-key', GOOD]) {
  inWorld(`the key ${key} does not open our door`, {}, async (world) => {
    const error = await failure(ask(world.client({ apiKey: key })), OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    assert.deepEqual(await world.seen(), []);
  });
}

for (const name of ['x-api-key', 'api-key', 'x-goog-api-key']) {
  inWorld(`a key is accepted as ${name}`, {}, async (world) => {
    const headers = { authorization: null, [name]: CLIENT_KEY };
    const answer = await ask(world.client({ apiKey: 'not-the-key', defaultHeaders: headers }));
    assert.equal(answer.choices[0].message.content, 'You said: Hello there');
  });
}

const onlyGpt = [{ match: { models: ['gpt-*'] }, tiers: [[{ provider: 'main' }]] }];

inWorld('a model no route serves is not found', { routes: onlyGpt }, async (world) => {
  const error = await failure(ask(world.client(), { model: 'claude-9' }), OpenAI.NotFoundError);
  assert.equal(error.code, 'model_not_found');
  assert.deepEqual(await world.seen(), []);
});

inWorld('a model the provider does not know is not found', {}, async (world) => {
  await failure(ask(world.client(), { model: 'no-such-model' }), OpenAI.NotFoundError);
});

const limited = { tokens: all(REFUSALS[429]), route: { maxWait: '200ms' } };

inWorld('when all are limited the client is told when to come back', limited, async (world) => {
  const error = await failure(ask(world.client()), OpenAI.RateLimitError);
  assert.equal(error.code, 'no_credential_available');
  const after = Number(error.headers.get('retry-after'));
  assert.ok(after >= 20 && after <= 32, `${after}`);
});

const dead = { tokens: all(REFUSALS[401]) };

inWorld('when all are dead the client is told so, and does not repeat it', dead, async (world) => {
  const error = await failure(ask(world.client({ maxRetries: 2 })), OpenAI.InternalServerError);
  assert.deepEqual([error.status, error.code], [503, 'no_credential_available']);
  assert.ok(!TOKENS.some((token) => JSON.stringify(error.error).includes(token)), 'tokens are masked');
  assert.equal(world.calls.length, 1);
});

for (const how of ['fin', 'rst', 'clean_end']) {
  const cut = all({ faults: [{ kind: 'cut', after_events: 4, how }] });
  inWorld(`a stream cut after its first words ends in an error (${how})`, { tokens: cut }, async (world) => {
    const { text, error } = await brokenStream(ask(world.client(), { stream: true }));
    assert.equal(text, 'You said: Hello');
    assert.equal(error.code, 'stream_interrupted');
    assert.ok(!(error instanceof OpenAI.APIConnectionError));
    assert.equal((await world.seen()).length, 1);
  });
}

const stops = {
  tokens: all({ faults: [{ kind: 'stall_stream', after_events: 4 }] }),
  route: { streamIdleTimeout: '300ms' },
};

inWorld('a stream that stops after its first words ends in an error', stops, async (world) => {
  const { text } = await brokenStream(ask(world.client(), { stream: true }));
  assert.equal(text, 'You said: Hello');
  await world.waitLeft();
});

for (const stream of [false, true]) {
  inWorld(`a client that times out cancels the attempt (stream: ${stream})`, { tokens: stalled }, async (world) => {
    await failure(ask(world.client({ timeout: 400 }), { stream }), OpenAI.APIConnectionTimeoutError);
    await world.waitLeft();
    assert.equal((await world.seen()).length, 1);
    await world.assertNobodyIsBlamed();
  });
}

inWorld('a client that aborts cancels the attempt', { tokens: stalled }, async (world) => {
  const control = new AbortController();
  const asked = ask(world.client(), {}, { signal: control.signal });
  const failed = failure(asked, OpenAI.APIUserAbortError);
  await waitUntil(async () => (await world.seen()).length > 0, 'the provider was asked');
  control.abort();
  await failed;
  await world.waitLeft();
  await world.assertNobodyIsBlamed();
});

inWorld('a client that leaves a stream early cancels it', { tokens: long }, async (world) => {
  const stream = await ask(world.client(), { stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  const left = await world.waitLeft();
  assert.equal(left.status, 200);
  await world.assertNobodyIsBlamed();
});

inWorld('an answer says who gave it without giving the token away', {}, async (world) => {
  assert.equal(world.kind, HEALTHY);
  const { response } = await ask(world.client()).withResponse();
  assert.equal(response.headers.get('x-claviger-attempts'), '1');
  assert.equal(response.headers.get('x-claviger-provider'), 'main');
  assert.ok(!TOKENS.includes(response.headers.get('x-claviger-credential')));
});
