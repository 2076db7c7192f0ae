// The processes under test: a scripted provider, and the gateway in front of it. Both listen on free loopback ports
// and end with the test that started them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

// What still runs when the tests end (a test that hung) ends with them.
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start(program, args, stdio) {
  const child = spawn(program, args, { stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Asks until `condition` gives something true, and returns it. */
export async function waitUntil(condition, what, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
    await pause(10);
  }
}

async function json(url, body) {
  const options = body && { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url, options);
  assert.equal(answer.status, 200, url);
  return answer.json();
}

/** Ports nobody listens on. All are taken before any is given back, so that they differ. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A scripted provider (`scripted-upstream`): knows `tokens`, misbehaves as each is told to. */
export class Upstream {
  static async start(tokens) {
    const upstream = new Upstream();
    upstream.process = start(process.env.SCRIPTED_UPSTREAM_BIN, [], ['ignore', 'pipe', 'inherit']);
    const [line] = await once(createInterface({ input: upstream.process.stdout }), 'line');
    upstream.url = line.replace('listening on ', '');
    await json(`${upstream.url}/__script`, { tokens });
    return upstream;
  }

  /** Every request that arrived, in order, and how it ended. */
  seen() {
    return json(`${this.url}/__seen`);
  }

  /** Forgets what arrived. */
  clear() {
    return json(`${this.url}/__reset`, {});
  }

  async stop() {
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

/** A `claviger serve` with this configuration; `listen` and `admin` are filled in. */
export class Gateway {
  static async start(config) {
    const gateway = new Gateway();
    gateway.folder = mkdtempSync(join(tmpdir(), 'claviger-sdk-'));
    const [data, admin] = await freePorts(2);
    const file = join(gateway.folder, 'claviger.yaml');
    const whole = { listen: `127.0.0.1:${data}`, admin: { listen: `127.0.0.1:${admin}` }, ...config };
    writeFileSync(file, JSON.stringify(whole));
    gateway.said = join(gateway.folder, 'said.log');
    const said = openSync(gateway.said, 'w');
    gateway.process = start(process.env.CLAVIGER_BIN, ['serve', '--config', file], ['ignore', said, said]);
    gateway.ended = once(gateway.process, 'exit');
    closeSync(said);
    gateway.url = `http://127.0.0.1:${data}`;
    gateway.admin = `http://127.0.0.1:${admin}`;
    try {
      await waitUntil(() => gateway.#ready(), 'the gateway is ready');
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  async #ready() {
    assert.equal(this.process.exitCode, null, `the gateway did not start:\n${this.log()}`);
    return fetch(`${this.admin}/readyz`).then((answer) => answer.ok, () => false);
  }

  /** All credentials in the admin port's picture. */
  async credentials() {
    const state = await json(`${this.admin}/state`);
    return state.providers.flatMap((provider) => provider.credentials);
  }

  /** Everything the process has printed. */
  log() {
    return readFileSync(this.said, 'utf8');
  }

  /** Ends the process; says how it ended. */
  async stop() {
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    const [code] = await this.ended;
    clearTimeout(timer);
    const log = this.log();
    rmSync(this.folder, { recursive: true });
    return { code, log };
  }
}
