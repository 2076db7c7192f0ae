// Embeddings, moderations, images, audio: binary answers, multipart requests.

import assert from 'node:assert/strict';

import { toFile } from 'openai';

import { inEachCarefulWorld, inEachWorld } from './world.mjs';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff]);
const isPng = (image) => Buffer.from(image.b64_json, 'base64').subarray(0, 8).equals(PNG.subarray(0, 8));
const SOUND = Buffer.from([...'RIFF'].map((letter) => letter.charCodeAt(0)).concat([...Array(256).keys()]));

inEachWorld('vectors arrive the same as floats and as base64', async (world) => {
  const client = world.client();
  const asked = { model: 'text-embedding-3-small', input: ['one', 'two'], dimensions: 16 };
  // without a format the client asks for base64 and decodes it
  const packed = await client.embeddings.create(asked);
  const plain = await client.embeddings.create({ ...asked, encoding_format: 'float' });
  assert.equal(plain.data[0].embedding.length, 16);
  assert.deepEqual(packed.data, plain.data);
  const [first] = await world.seen(world.calls[0]);
  assert.equal(JSON.parse(first.body).encoding_format, 'base64');
});

inEachWorld('moderations flag what they should', async (world) => {
  const asked = { model: 'omni-moderation-latest', input: ['kind', 'flag me'] };
  const answer = await world.client().moderations.create(asked);
  assert.deepEqual(answer.results.map((result) => result.flagged), [false, true]);
});

inEachCarefulWorld('an image is generated', async (world) => {
  const answer = await world.client().images.generate({ model: 'gpt-image-1', prompt: 'a fox', n: 2 });
  assert.equal(answer.data.length, 2);
  assert.ok(answer.data.every(isPng));
});

inEachCarefulWorld('an image is edited', async (world) => {
  const image = await toFile(PNG, 'fox.png', { type: 'image/png' });
  const answer = await world.client().images.edit({ model: 'gpt-image-1', image, prompt: 'add a hat' });
  assert.equal(answer.data[0].revised_prompt, 'add a hat');
  const bodies = (await world.seen(world.calls[0])).map((one) => one.body_base64);
  assert.equal(new Set(bodies).size, 1, 'every attempt sends the same bytes');
  assert.ok(Buffer.from(bodies[0], 'base64').includes(PNG));
});

inEachCarefulWorld('speech arrives byte for byte', async (world) => {
  const answer = await world.client().audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello' });
  const body = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.headers.get('content-type'), 'audio/mpeg');
  assert.equal(body.length, 4 + 1024 + 'Hello'.length);
  assert.ok(body.subarray(4).every((byte, at) => byte === at % 256));
});

inEachWorld('speech is transcribed and translated', async (world) => {
  const client = world.client();
  const asked = async () => ({ model: 'whisper-1', file: await toFile(SOUND, 'talk.wav') });
  const heard = `Heard talk.wav of ${SOUND.length} bytes.`;
  assert.equal((await client.audio.transcriptions.create(await asked())).text, heard);
  assert.equal((await client.audio.translations.create(await asked())).text, heard);
});
