// The matrix: (client) x (upstream) x (feature), with all tokens healthy and with two of three broken. All cases share
// one scripted provider and one gateway; each has three tokens and a model name of its own. `../upstreams.json` describes
// the upstreams: a new one is an entry there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Gateway, Upstream } from './processes.mjs';
import { CLIENT_KEY } from './world.mjs';

export const UPSTREAMS = JSON.parse(readFileSync(new URL('../upstreams.json', import.meta.url), 'utf8'));

const status = (status, more) => ({ faults: [{ kind: 'status', status, ...more }] });
const fault = (kind) => ({ faults: [{ kind }] });

// Two ways to be broken; which pair a case gets depends on its place, so that all are met.
const PAIRS = [
  [status(401), status(429, { headers: { 'retry-after': '30' } })],
  [status(500), status(403)],
  [fault('reset'), status(402)],
  [fault('error_in_200'), { quota: { requests: 0 } }],
  [status(503), fault('error_first_event')],
  [fault('empty_stream'), fault('garbage_body')],
];

export const HEALTHY = 'healthy';
export const BROKEN = 'two-of-three-broken';

export class Case {
  /** `scripts`, if any, says how all three tokens behave. */
  constructor({ speaker, upstream, feature, world = HEALTHY, number, scripts }) {
    Object.assign(this, { speaker, upstream, feature, world, number, scripts });
    this.model = `case-${number}`;
    const serial = String(number).padStart(6, '0');
    this.tokens = ['first', 'second', 'third'].map((word) => `sk-${word}-${serial}-0000000000000000`);
  }

  get name() {
    return `${this.speaker.id} to ${this.upstream}: ${this.feature}${this.scripts ? '' : ` [${this.world}]`}`;
  }

  behaviour() {
    const bad = this.world === BROKEN ? PAIRS[this.number % PAIRS.length] : [{}, {}];
    const scripts = this.scripts ? Array(3).fill(this.scripts) : [...bad, {}];
    return this.tokens.map((token, at) => [token, scripts[at]]);
  }
}

function filled(value, url) {
  if (typeof value === 'string') return value.replace('{url}', url).replace('{address}', url.replace('http://', ''));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, url)]));
}

/** The provider and the gateway that serve all cases. */
export class Matrix {
  static async start(cases) {
    const matrix = new Matrix();
    matrix.upstream = await Upstream.start(Object.fromEntries(cases.flatMap((one) => one.behaviour())));
    const weights = [1_000_000, 1_000_000, 1];
    const providers = cases.map((one) => ({
      id: one.model,
      ...filled(UPSTREAMS[one.upstream].provider, matrix.upstream.url),
      apiTokens: one.tokens.map((token, at) => ({ token, weight: weights[at] })),
    }));
    const routes = cases.map((one) => ({
      match: { models: [one.model] },
      tiers: [[{ provider: one.model, model: UPSTREAMS[one.upstream].model }]],
      maxWait: '100ms',
    }));
    const clients = [{ name: 'test', key: CLIENT_KEY }];
    try {
      matrix.gateway = await Gateway.start({ providers, routes, clients });
    } catch (error) {
      await matrix.upstream.stop();
      throw error;
    }
    matrix.url = matrix.gateway.url;
    matrix.speakers = new Map();
    return matrix;
  }

  /** The client of this kind. One for all its cases: they cost more to make than to use. */
  speaker(kind) {
    if (!this.speakers.has(kind)) this.speakers.set(kind, new kind(this.url));
    return this.speakers.get(kind);
  }

  /** What the provider saw of this case. */
  async seen({ tokens }) {
    return (await this.upstream.seen()).filter((one) => tokens.includes(one.token));
  }

  /** What must hold after every case. */
  async check(one) {
    const seen = await this.seen(one);
    assert.ok(!JSON.stringify(seen).includes(CLIENT_KEY), "the client's key reached the provider");
    if (one.scripts || seen.length === 0) return;
    const tokens = seen.map((request) => request.token);
    const [first, second, third] = one.tokens;
    if (one.world === BROKEN) {
      assert.deepEqual(tokens.filter((token) => token !== third).sort(), [first, second], 'each broken token once');
      assert.ok(tokens.slice(2).every((token) => token === third));
    } else {
      assert.ok(seen.every((request) => request.status === 200));
    }
  }

  async stop() {
    const { code, log } = await this.gateway.stop();
    await this.upstream.stop();
    assert.ok(!log.includes('panicked'), log);
    assert.ok(!log.includes(CLIENT_KEY) && !log.includes('sk-first'), 'a secret was logged');
    assert.equal(code, 0, `the gateway ended with ${code}:\n${log}`);
  }
}
