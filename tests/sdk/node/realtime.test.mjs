// The realtime API: a WebSocket through the gateway.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { CALL_ID, CLIENT_KEY, inEachWorld, inWorld } from './world.mjs';

/** A conversation of the official client. */
function open(world, apiKey = CLIENT_KEY) {
  const call = { id: randomUUID() };
  const options = {
    headers: { [CALL_ID]: call.id },
    // the client insists on `wss`; here its socket is a plain one to the gateway
    createConnection: ({ host, port }) => connect({ host, port: Number(port) }),
  };
  const client = world.client({ apiKey });
  return { socket: new OpenAIRealtimeWS({ model: 'gpt-realtime', options }, client), call };
}

/** Resolves with the next event of this type; an error ends the wait. */
function next(realtime, type) {
  return new Promise((resolve, reject) => {
    realtime.once(type, resolve);
    realtime.once('error', reject);
  });
}

inEachWorld('a conversation goes both ways', async (world) => {
  const { socket: realtime, call } = open(world);
  await next(realtime, 'session.created');
  let text = '';
  realtime.on('response.output_text.delta', (event) => { text += event.delta; });
  const done = next(realtime, 'response.done');
  const content = [{ type: 'input_text', text: 'Hello there' }];
  realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  realtime.send({ type: 'response.create' });
  const { response } = await done;
  assert.equal(response.status, 'completed');
  assert.equal(text, 'You said: Hello there');
  assert.equal(await world.inFlight(), 1);
  const closed = once(realtime.socket, 'close');
  realtime.close();
  await closed;
  assert.equal((await world.seen(call)).at(-1).status, 101);
});

inWorld('a wrong key opens no conversation', {}, async (world) => {
  const { socket: realtime } = open(world, 'ck-wrong-key');
  await assert.rejects(next(realtime, 'session.created'), /401/);
  assert.deepEqual(await world.seen(), []);
});
