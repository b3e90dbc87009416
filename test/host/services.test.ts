import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CancelBoard } from '../../electron/host/cancel-board.ts';
import { jobOf, lostDevice } from '../../electron/host/relay.ts';
import { Jobs } from '../../electron/host/services/jobs.ts';
import { weightStats } from '../../electron/host/services/statistics.ts';
import { createServices } from '../../electron/host/services/studio.ts';
import { connect } from '../../electron/ipc/client.ts';
import { type HostServices, PROTOCOL } from '../../electron/ipc/contract.ts';
import type { Port } from '../../electron/ipc/protocol.ts';
import type { JobSnapshot } from '../../electron/ipc/schemas/common.ts';
import { type Served, serve } from '../../electron/ipc/server.ts';
import { inceptionGraph, syntheticParts } from '../support/synthetic.ts';
import { untimed } from '../support/tuning.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const c of closing.splice(0)) c();
});

function ports(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  closing.push(() => port1.close());
  const wrap = (p: typeof port1): Port => ({
    post: (m) => p.postMessage(m),
    listen: (f) => void p.on('message', f),
    close: () => p.close(),
  });
  return [wrap(port1), wrap(port2)];
}

/** The services behind a real port, structured clone included. */
async function studio(blocks = 3): Promise<{ host: HostServices; jobs: JobSnapshot[] }> {
  const jobs: JobSnapshot[] = [];
  const [near, far] = ports();
  let served: Served | null = null;
  const services = createServices(
    syntheticParts(() => inceptionGraph(blocks)),
    {
      cacheDir: '',
      calibrationDir: '',
      isCancelled: () => false,
      onJob: (s) => served?.job(s),
      onLog: () => undefined,
    },
  );
  served = serve(far, services);
  const client = await connect(near, { onJob: (s) => jobs.push(s), onLog: () => undefined });
  return { host: client.services, jobs };
}
const none = { passes: [], applications: [] };
const tuning = untimed;

describe('the engine host', () => {
  it('opens a model, optimizes it and tells what became of every operator', async () => {
    const { host, jobs } = await studio();
    const model = await host.open({ path: '/m.onnx', job: 'j1' });
    expect(model).toMatchObject({ operators: 27, name: 'm.onnx', symbols: ['N'] });
    const trace = await host.optimize({ model: model.model, switches: none, job: 'j2' });
    expect(trace.headline).toEqual({ operators: 27, layers: 15, refused: 3 });
    expect(Object.keys(trace.fates)).toHaveLength(27);
    expect(trace.passes[0]!.refusals[0]!.text).toBe('The output is used by 2 consumers.');
    expect(jobs.filter((j) => j.state === 'done').map((j) => j.job)).toEqual(['j1', 'j2']);
  });

  it('honours switches for a pass and for one application, and names stale ones', async () => {
    const { host } = await studio();
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    const all = await host.optimize({ model, switches: none, job: 'b' });
    const key = all.passes[0]!.applications[0]!.key;
    const one = await host.optimize({ model, switches: { passes: [], applications: [key, 'gone'] }, job: 'c' });
    expect(one.passes[0]!.applications).toHaveLength(all.passes[0]!.applications.length - 1);
    expect(one.stale).toEqual(['gone']);
    const off = await host.optimize({ model, switches: { passes: ['vertical'], applications: [] }, job: 'd' });
    expect([off.passes[0]!.disabled, off.headline.layers]).toEqual([true, 27]);
  });

  it('gives the graph at any point, with edges between the nodes it lists', async () => {
    const { host } = await studio();
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    await host.optimize({ model, switches: none, job: 'b' });
    const ops = async (passes: number, applications: number): Promise<number> => {
      const v = await host.view({ model, point: { passes, applications } });
      expect(v.edges).toBeInstanceOf(Int32Array);
      for (const e of v.edges) expect(v.nodes[e]).toBeDefined();
      return v.nodes.filter((n) => n.kind === 'op').length;
    };
    expect([await ops(0, 0), await ops(0, 4), await ops(1, 0)]).toEqual([27, 23, 15]);
  });

  it('compares two points on the same part of a large graph', async () => {
    const { host } = await studio(200);
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    const trace = await host.optimize({ model, switches: none, job: 'b' });
    const a = trace.passes[0]!.applications[5]!;
    const c = await host.compare({
      model,
      before: { passes: 0, applications: 5 },
      after: { passes: 0, applications: 6 },
      seeds: [...a.removed, ...a.added],
    });
    const ids = (v: typeof c.before): Set<string> => new Set(v.nodes.map((n) => n.id));
    expect(ids(c.before).size).toBeLessThan(80);
    // What is on one side only is exactly what the application removed or added.
    expect([...ids(c.before)].filter((id) => !ids(c.after).has(id)).sort()).toEqual([...a.removed].sort());
    expect([...ids(c.after)].filter((id) => !ids(c.before).has(id))).toEqual(a.added);
    const whole = await host.compare({
      model,
      before: { passes: 0, applications: 0 },
      after: { passes: 1, applications: 0 },
      seeds: null,
    });
    expect(whole.changed).toBe(200 * 12);
    expect(whole.shown).toBeLessThan(whole.changed);
  });

  it('explains a node and computes statistics of its weights', async () => {
    const { host } = await studio();
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    const view = await host.view({ model, point: { passes: 0, applications: 0 } });
    const conv = view.nodes.find((n) => n.op === 'Conv')!;
    const point = { passes: 0, applications: 0 };
    const detail = await host.node({ model, point, node: conv.id });
    expect(detail.inputs.map((i) => [i.name, i.constant, i.links])).toEqual([
      ['data', false, ['i0']],
      ['inception_0/branch0/conv.w', true, []],
    ]);
    const stats = await host.weight({ model, point, value: detail.inputs[1]!.value });
    expect(stats).toMatchObject({ count: 2, min: -0.5, max: 0.5, mean: 0, zeros: 0 });
  });

  it('answers wrong calls with a code and one sentence', async () => {
    const { host } = await studio();
    await expect(host.view({ model: 'm9', point: { passes: 0, applications: 0 } })).rejects.toMatchObject({
      code: 'no-model',
    });
    await expect(
      host.build({
        model: 'm1',
        device: 'cpu',
        threads: 0,
        shapes: {},
        precision: null,
        fastFp32: false,
        tuning,
        job: 'x',
      }),
    ).rejects.toMatchObject({
      code: 'bad-params',
    });
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    await expect(host.exportOnnx({ model, path: '/x.onnx', job: 'x' })).rejects.toMatchObject({
      code: 'not-optimized',
    });
    await host.optimize({ model, switches: none, job: 'b' });
    await expect(
      host.build({ model, device: 'cpu', threads: 1, shapes: {}, precision: null, fastFp32: false, tuning, job: 'x' }),
    ).rejects.toMatchObject({
      code: 'no-runtime',
    });
  });

  it('refuses a window of another protocol', async () => {
    const [near, far] = ports();
    serve(far, {} as HostServices);
    const answer = new Promise((resolve) => near.listen(resolve));
    near.post({ t: 'hello', protocol: PROTOCOL + 1 });
    expect(await answer).toMatchObject({ t: 'refused', error: { code: 'protocol' } });
  });

  it('fails what is in flight when the host is lost', async () => {
    const [near, far] = ports();
    serve(far, { machine: () => new Promise(() => undefined) } as unknown as HostServices);
    const client = await connect(near, { onJob: () => undefined, onLog: () => undefined });
    const call = client.services.machine({});
    client.dispose('it stopped');
    await expect(call).rejects.toMatchObject({ code: 'disconnected', message: 'it stopped' });
  });
});

describe('jobs', () => {
  const make = (isCancelled = () => false) => {
    const seen: JobSnapshot[] = [];
    let t = 0;
    return {
      seen,
      tick: (ms: number) => (t += ms),
      jobs: new Jobs({ onJob: (s) => seen.push(s), isCancelled, now: () => t }),
    };
  };
  it('report at most ten times a second and end with the last state', async () => {
    const { jobs, seen, tick } = make();
    await jobs.run('j', 'build', 'Build', ({ report }) => {
      for (let i = 0; i < 1000; i++) {
        report('tune', i, 1000);
        tick(1);
      }
    });
    expect(seen.length).toBeLessThan(15);
    expect(seen.at(-1)).toMatchObject({ state: 'done', done: 1000 });
    expect(seen.at(-2)!.eta).toBeGreaterThan(0);
  });
  it('stop at a flag that only memory shared between threads carries', async () => {
    let up = false;
    const { jobs, seen } = make(() => up);
    let rounds = 0;
    const work = jobs.run('j', 'optimize', 'Optimize', ({ signal }) => {
      for (let i = 0; i < 100; i++) {
        rounds = i;
        if (i === 3) up = true;
        signal.throwIfAborted();
      }
    });
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect(rounds).toBe(3);
    expect(seen.at(-1)!.state).toBe('cancelled');
  });
  it('tell a failure from a cancellation', async () => {
    const { jobs, seen } = make();
    await expect(jobs.run('j', 'open', 'Open', () => Promise.reject(new Error('no such file')))).rejects.toThrow(
      'no such file',
    );
    expect(seen.at(-1)).toMatchObject({ state: 'failed', error: 'no such file' });
  });
});

it('the relay sees which messages start, cancel and end jobs', () => {
  const call = (method: string) => ({ t: 'call', id: 1, method, params: { job: 'j' } });
  expect(jobOf(call('build'))).toMatchObject({ id: 'j', starts: true, cancel: false });
  expect(jobOf(call('cancel'))).toMatchObject({ id: 'j', starts: false, cancel: true });
  expect(jobOf({ t: 'call', id: 1, method: 'machine', params: {} })).toBeNull();
});

it('a raised flag is seen by the thread that shares its memory', () => {
  const board = new CancelBoard();
  const slot = board.assign('j');
  const other = new CancelBoard(board.buffer);
  expect(other.isRaised(slot)).toBe(false);
  expect([board.cancel('j'), board.cancel('unknown')]).toEqual([true, false]);
  expect(other.isRaised(slot)).toBe(true);
});

it('weight statistics read every element once, whatever the block size', () => {
  const n = 200_000;
  const data = Float32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const s = weightStats('float32', new Uint8Array(data.buffer), 32);
  expect(s).toMatchObject({ count: n, min: -1, max: 1, mean: 0, deviation: 1, zeros: 0 });
  expect(s.histogram.reduce((a, b) => a + b, 0)).toBe(n);
});

it('a failure that leaves the process without its card is known from others', () => {
  const error = (message: string): object => ({ t: 'error', id: 1, error: { code: 'device', message } });
  const lost =
    'the GPU failed while running kernels: an illegal memory access; it has lost what it held: load the engine again';
  expect(lostDevice(error(lost))).toBe(lost);
  expect(lostDevice(error('there is no device "cuda:1" here'))).toBeNull();
  expect(lostDevice({ t: 'result', id: 1, result: lost })).toBeNull();
});
