// Every official client against every upstream: the caller cannot tell who answers, or that two of three tokens fail.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { BROKEN, Case, HEALTHY, Matrix, UPSTREAMS } from './matrix.mjs';
import { SPEAKERS } from './speakers.mjs';

const HELLO = 'Hello there';
const SAID = 'You said: Hello there';
const LONG = 'one two three four five six seven eight';
// One red pixel.
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const tool = (name, properties) => ({ name, description: `The ${name} of a city`, parameters: object(properties) });
const WEATHER = tool('weather', { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } });
const TIME = tool('time', { zone: { type: 'string' } });
const INVOICE = object({ number: { type: 'integer' }, lines: { type: 'array', items: { type: 'string' } } });

const called = ({ calls }) => calls.map(({ name, input }) => [name, input]);
const WEATHER_CALL = ['weather', { city: 'x', unit: 'c' }];
const TIME_CALL = ['time', { zone: 'x' }];

/** How thoughts are asked for. OpenAI shows them in responses alone, to those who say that they want to see them. */
const thinks = (speaker, upstream) =>
  speaker.constructor.id === 'openai-chat' && upstream === 'responses' ? 'shown' : true;

/** Features are tested whole and streamed. */
const FEATURES = {
  async chat(speaker, { model }, stream) {
    const { text, input, output, cached } = await speaker.say(model, HELLO, { stream });
    assert.deepEqual({ text, input, output, cached }, { text: SAID, input: 2, output: 4, cached: 0 });
    const more = await speaker.say(model, 'this was cached before', { stream });
    assert.deepEqual([more.input, more.cached], [4, 1]);
  },

  async tools(speaker, { model }, stream) {
    const tools = [WEATHER, TIME];
    const asked = await speaker.say(model, HELLO, { stream, tools });
    assert.deepEqual(called(asked), [WEATHER_CALL]);
    const answer = await speaker.answer(model, asked, ['Sunny'], { stream, tools });
    assert.equal(answer.text, `${SAID} weather gave: Sunny.`);
  },

  async parallelTools(speaker, { model }, stream) {
    const tools = [WEATHER, TIME];
    const asked = await speaker.say(model, 'Use every tool', { stream, tools });
    assert.deepEqual(called(asked), [WEATHER_CALL, TIME_CALL]);
    const answer = await speaker.answer(model, asked, ['Sunny', 'Noon'], { stream, tools });
    assert.equal(answer.text, 'You said: Use every tool weather gave: Sunny. time gave: Noon.');
  },

  async image(speaker, { model }, stream) {
    const { text } = await speaker.say(model, HELLO, { stream, image: PIXEL });
    assert.equal(text, `${SAID} I see image/png of 70 bytes.`);
  },

  /** Where a result has no place for a picture, it follows. */
  async imageFromTool(speaker, { model }, stream) {
    const tools = [WEATHER];
    const asked = await speaker.say(model, HELLO, { stream, tools });
    const answer = await speaker.answer(model, asked, ['Sunny'], { stream, tools, shown: PIXEL });
    assert.equal(answer.text, `${SAID} weather gave: Sunny and image/png of 70 bytes.`);
  },

  async thinking(speaker, { model, upstream }, stream) {
    const think = thinks(speaker, upstream);
    const { text, thought, output } = await speaker.say(model, HELLO, { stream, think });
    assert.deepEqual([text, output], [SAID, 8]);
    // chat completions have no word for thoughts in this client
    if (thought !== undefined) assert.equal(thought, 'They say: Hello there');
  },

  async thinkingWithTools(speaker, { model, upstream }, stream) {
    const options = { stream, think: thinks(speaker, upstream), tools: [WEATHER] };
    const asked = await speaker.say(model, HELLO, options);
    const answer = await speaker.answer(model, asked, ['Sunny'], options);
    // OpenAI takes thoughts back in its responses alone
    const own = speaker.constructor.id === 'openai-responses' && upstream === 'openai';
    const keeps = own || ['responses', 'anthropic', 'gemini', 'bedrock'].includes(upstream);
    assert.equal(answer.text, `${SAID} weather gave: Sunny.${keeps ? ' I remember my thought.' : ''}`);
  },

  async structured(speaker, { model }, stream) {
    const { text } = await speaker.say(model, HELLO, { stream, schema: INVOICE });
    assert.deepEqual(JSON.parse(text), { number: 1, lines: ['x'] });
  },
};

const is = (kind, status) => (error) => {
  assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
  if (status) assert.equal(error.status, status);
  return true;
};
const every = (fault) => () => ({ faults: [fault] });
const answering = (status, more) => every({ kind: 'status', status, ...more });

/** What goes wrong, how all tokens behave for it, and what the client must throw. */
const ERRORS = {
  'a bad request': [answering(400), async (speaker, { model }, { bad }) => {
    await assert.rejects(speaker.say(model, HELLO), is(bad, 400));
    await assert.rejects(speaker.say(model, HELLO, { stream: true }), is(bad));
  }],
  'a wrong key': [() => ({}), async (speaker, { model }, { auth }, matrix) => {
    const stranger = new speaker.constructor(matrix.url, 'ck-wrong-key');
    await assert.rejects(stranger.say(model, HELLO), is(auth, 401));
  }],
  'a model that is not found': [answering(404), async (speaker, { model }, { missing }) => {
    await assert.rejects(speaker.say(model, HELLO), is(missing, 404));
    await assert.rejects(speaker.say('nobody-serves-this', HELLO), is(missing, 404));
  }],
  'a rate limit': [answering(429, { headers: { 'retry-after': '30' } }), async (speaker, one, { rate }, matrix) => {
    await assert.rejects(speaker.say(one.model, HELLO), is(rate, 429));
    await assert.rejects(speaker.say(one.model, HELLO, { stream: true }), is(rate));
    assert.equal((await matrix.seen(one)).length, 3, 'each token once; the second request knows');
  }],
  'dead tokens': [answering(401), async (speaker, { model }, { dead }) => {
    await assert.rejects(speaker.say(model, HELLO), is(dead, 503));
  }],
  'an overload in mid-stream': [
    ({ overloaded }) => ({ faults: [{ kind: 'error_mid_stream', after_events: 8, body: overloaded }] }),
    async (speaker, { model }, { stream }) => {
      await assert.rejects(speaker.say(model, LONG, { stream: true }), (error) => {
        assert.match(error.message, /Overloaded/);
        return is(stream)(error);
      });
    },
  ],
  'a cut in mid-stream': [every({ kind: 'cut', after_events: 8 }), async (speaker, { model }, { stream }) => {
    await assert.rejects(speaker.say(model, LONG, { stream: true }), is(stream));
  }],
};

function cases() {
  const all = [];
  const add = (fields) => all.push(new Case({ number: all.length, ...fields }));
  for (const speaker of SPEAKERS) {
    for (const [upstream, entry] of Object.entries(UPSTREAMS)) {
      for (const [feature, run] of Object.entries(FEATURES)) {
        // in chat completions a tool's message holds text alone
        if (feature === 'imageFromTool' && speaker.id === 'openai-chat') continue;
        for (const stream of [false, true]) {
          for (const world of [HEALTHY, BROKEN]) {
            const name = stream ? `${feature}, streamed` : feature;
            add({ speaker, upstream, feature: name, world });
            all.at(-1).run = (matrix, one) => run(matrix.speaker(speaker), one, stream);
          }
        }
      }
      for (const [feature, [scripts, run]] of Object.entries(ERRORS)) {
        add({ speaker, upstream, feature, scripts: scripts(entry) });
        all.at(-1).run = (matrix, one) => run(matrix.speaker(speaker), one, speaker.errors, matrix);
      }
    }
  }
  return all;
}

const CASES = cases();
let matrix;

before(async () => {
  matrix = await Matrix.start(CASES);
});
after(() => matrix?.stop());

for (const one of CASES) {
  test(one.name, { timeout: 20_000 }, async () => {
    await matrix.upstream.clear();
    await one.run(matrix, one);
    await matrix.check(one);
  });
}
