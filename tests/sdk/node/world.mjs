// One provider with three tokens, the gateway in front of it, and a real client that talks to the gateway.
//
// Every call of the client carries an id that reaches the provider, so that at the end of each test it can be checked
// for every single call: no token saw it twice, the gateway counted its attempts right, the client's own key went
// nowhere, and nothing is left in flight.

import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import OpenAI from 'openai';

import { Gateway, Upstream, waitUntil } from './processes.mjs';

// The client needs it for uploads; Node 18, which Debian 12 has, keeps it to itself.
globalThis.File ??= File;

export const CLIENT_KEY = 'ck-door-key-of-the-test-client-0001';
export const CALL_ID = 'x-test-call';
export const GOOD = 'sk-good-token-000000000000';
export const TOKENS = ['sk-bad-one-0000000000000000', 'sk-bad-two-0000000000000000', GOOD];
export const HEALTHY = 'healthy';

const status = (status, more) => ({ faults: [{ kind: 'status', status, ...more }] });

// Facts about the credential: what was refused so was not done, whatever the operation.
export const REFUSALS = {
  401: status(401),
  402: status(402),
  'no-quota': { quota: { requests: 0 } },
  403: status(403),
  429: status(429, { headers: { 'retry-after': '30' } }),
};
// Guesses: something may have been done.
export const AMBIGUOUS = {
  500: status(500),
  reset: { faults: [{ kind: 'reset' }] },
  stall: { faults: [{ kind: 'stall_head' }] },
};
const BROKEN = { ...REFUSALS, ...AMBIGUOUS };

/** The same behaviour for all tokens. */
export const all = (script) => Object.fromEntries(TOKENS.map((token) => [token, script]));

export class World {
  /**
   * `tokens`: how each behaves; without, three are healthy. `first`: those that are chosen as long as nothing speaks
   * against them.
   */
  static async start({ tokens, kind, route, routes, clients = true, first = [] } = {}) {
    const world = new World();
    world.kind = kind ?? (tokens ? 'mixed' : HEALTHY);
    world.tokens = tokens ?? all({});
    world.calls = [];
    world.upstream = await Upstream.start(world.tokens);
    const entry = (token) => ({ token, weight: first.includes(token) ? 1_000_000 : 1 });
    const provider = {
      id: 'main',
      type: 'openai',
      openaiCustomUrl: `${world.upstream.url}/v1`,
      apiTokens: Object.keys(world.tokens).map(entry),
    };
    const config = {
      providers: [provider],
      routes: routes ?? [{ match: { models: ['*'] }, tiers: [[{ provider: 'main' }]], ...route }],
      ...(clients && { clients: [{ name: 'test', key: CLIENT_KEY }] }),
    };
    try {
      world.gateway = await Gateway.start(config);
    } catch (error) {
      await world.upstream.stop();
      throw error;
    }
    return world;
  }

  /** All tokens healthy, or two of three broken in this way, and asked first. */
  static ofKind(kind) {
    if (kind === HEALTHY) return World.start();
    const tokens = { ...all(BROKEN[kind]), [GOOD]: {} };
    // silence is the only trouble that costs its waiting time
    const route = kind === 'stall' ? { firstTokenTimeout: '100ms', deadline: '5s' } : {};
    return World.start({ tokens, kind, route, first: TOKENS.slice(0, 2) });
  }

  /** The official client, whose base URL is the gateway. It does not retry by itself, unless told to. */
  client(options = {}) {
    return new OpenAI({
      apiKey: CLIENT_KEY,
      baseURL: `${this.gateway.url}/v1`,
      maxRetries: 0,
      fetch: (url, init) => this.#fetch(url, init),
      ...options,
    });
  }

  async #fetch(url, init) {
    // the client tries out with `data:` URLs what `fetch` can do
    if (!String(url).startsWith('http')) return fetch(url, init);
    const call = { id: randomUUID() };
    this.calls.push(call);
    const headers = new Headers(init.headers);
    headers.set(CALL_ID, call.id);
    const response = await fetch(url, { ...init, headers });
    const attempts = response.headers.get('x-claviger-attempts');
    call.ok = response.ok;
    call.headers = response.headers;
    call.attempts = attempts === null ? undefined : Number(attempts);
    return response;
  }

  /** What the provider saw: of this call, or of all. */
  async seen(call) {
    const seen = await this.upstream.seen();
    return call ? seen.filter((one) => header(one, CALL_ID) === call.id) : seen;
  }

  /** The token that served each call, in order. */
  async servers() {
    const seen = await Promise.all(this.calls.map((call) => this.seen(call)));
    return seen.map((attempts) => attempts.at(-1).token);
  }

  async inFlight() {
    const credentials = await this.gateway.credentials();
    return credentials.reduce((sum, one) => sum + one.in_flight, 0);
  }

  async waitIdle() {
    await waitUntil(async () => (await this.inFlight()) === 0, 'nothing is in flight');
  }

  /** Waits until the provider has noticed that the client of some request left, and returns that request. */
  waitLeft() {
    return waitUntil(async () => (await this.seen()).find((one) => one.left_early), 'the client left');
  }

  /** Nothing in flight, and every credential as good as before. */
  async assertNobodyIsBlamed() {
    await this.waitIdle();
    assert.deepEqual(new Set((await this.gateway.credentials()).map((one) => one.state)), new Set(['ready']));
  }

  /** What must hold after every test. */
  async check() {
    const seen = await this.seen();
    const byCall = new Map();
    for (const one of seen) {
      const call = header(one, CALL_ID);
      assert.ok(call, "a request came without the client's own header");
      byCall.set(call, [...(byCall.get(call) ?? []), one.token]);
      assert.ok(!JSON.stringify(one).includes(CLIENT_KEY), "the client's key reached the provider");
      assert.ok(one.token in this.tokens, `unknown token ${one.token}`);
    }
    for (const [call, tokens] of byCall) {
      assert.equal(tokens.length, new Set(tokens).size, `${call} was sent twice with the same token: ${tokens}`);
    }
    for (const { id, attempts, ok } of this.calls) {
      if (attempts === undefined) continue;
      const tokens = byCall.get(id) ?? [];
      assert.equal(attempts, tokens.length, `${id}: ${attempts} attempts told, seen by ${tokens}`);
      assert.ok(this.kind !== HEALTHY || !ok || attempts === 1, `${id}: ${attempts} attempts, all healthy`);
    }
    if (this.kind in BROKEN) {
      assert.ok(seen.some((one) => one.token !== GOOD), 'no broken token was asked: the test tested nothing');
    }
    await this.waitIdle();
  }

  async close() {
    const { code, log } = await this.gateway.stop();
    await this.upstream.stop();
    assert.ok(!log.includes('panicked'), log);
    assert.ok(![CLIENT_KEY, ...Object.keys(this.tokens)].some((secret) => log.includes(secret)), 'a secret was logged');
    assert.equal(code, 0, `the gateway ended with ${code}:\n${log}`);
  }
}

/** A header of a request the provider saw. */
export function header(seen, name) {
  return seen.headers.find(([key]) => key === name)?.[1];
}

async function run(starting, body) {
  const world = await starting;
  try {
    await body(world);
    await world.check();
  } finally {
    await world.close();
  }
}

const LIMIT = { timeout: 20_000 };

/** A test in a world of its own. */
export function inWorld(name, options, body) {
  test(name, LIMIT, () => run(World.start(options), body));
}

/** A test with all tokens healthy, and with two of three broken in each of these ways. */
export function inEachWorld(name, body, kinds = Object.keys(BROKEN)) {
  for (const kind of [HEALTHY, ...kinds]) {
    test(`${name} [${kind}]`, LIMIT, () => run(World.ofKind(kind), body));
  }
}

/** As `inEachWorld`, for operations that must not be done twice: only refusals prove that nothing was done. */
export function inEachCarefulWorld(name, body) {
  inEachWorld(name, body, Object.keys(REFUSALS));
}
