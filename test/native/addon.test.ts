import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { type EngineMessage, VIEW_SLICE } from '../../optimizer/engine/messages.ts';
import { encodeEngine, encodeLayerDesc, encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { type NativeRuntime, RuntimeFailure, type Tensor } from '../../optimizer/runtime.ts';

const ROOT = join(import.meta.dirname, '../..');
const ADDON = join(ROOT, process.env.SINTER_BUILD_DIR ?? 'build/native', 'sinter.node');
const FLOAT = 1;
const POINTWISE = 'any_pointwise__scalar';

let runtime: NativeRuntime;
let dir: string;

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/native.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  runtime = createNativeRuntime(ADDON);
  dir = mkdtempSync(join(tmpdir(), 'sinter-addon-'));
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const quick = { warmup: 1, least: 3, most: 5, budget: 1e6, hopeless: 2, rotation: 1 << 16 };
const tensor = (shape: number[], values: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(new Float32Array(values).buffer),
});
const numbers = (t: Tensor | undefined): number[] => [...new Float32Array(t!.bytes.slice().buffer)];
const fixed = (...dims: number[]) => dims.map((value) => ({ kind: 0, value }));
const op = (name: string, args: number[], params: number[] = []) => ({ op: name, args, dtype: FLOAT, params });

/** The failure of a call, as callers see it. */
async function failureOf(run: () => unknown): Promise<RuntimeFailure> {
  try {
    await run();
  } catch (e) {
    expect(e).toBeInstanceOf(RuntimeFailure);
    return e as RuntimeFailure;
  }
  throw new Error('it did not fail');
}

const addDesc = () =>
  encodeLayerDesc({
    layer: {
      name: 'add',
      op: 'Pointwise',
      attrs: [],
      inputs: [0, 1],
      opInputs: 2,
      outputs: [2],
      program: { inputCount: 2, code: [op('Add', [0, 1]), op('Relu', [2])], outputs: [3] },
      device: '',
      tactic: '',
      workspace: 0,
      workspaceOffset: 0,
      stream: 0,
      sources: [],
    },
    values: [
      { name: '', dtype: FLOAT, shape: fixed(2, 3), layout: '' },
      { name: '', dtype: FLOAT, shape: fixed(3), layout: '' },
      { name: '', dtype: FLOAT, shape: fixed(2, 3), layout: '' },
    ],
    symbols: [],
  });

/** x[N,4] → y = relu(x + w), and both[N,8] whose right half is y: written through a slice. N is 1 to 8. */
function engineMessage(weight: Uint8Array | { offset: number }, tactic = POINTWISE): EngineMessage {
  const rows = (columns: number) => [{ kind: 1, value: 0 }, ...fixed(columns)];
  const layer = (name: string, inputs: number[], output: number, code: ReturnType<typeof op>[]) => ({
    name,
    op: 'Pointwise',
    attrs: [],
    inputs,
    opInputs: inputs.length,
    outputs: [output],
    program: { inputCount: inputs.length, code, outputs: [inputs.length + code.length - 1] },
    device: 'cpu',
    tactic,
    workspace: 0,
    workspaceOffset: 0,
    stream: 0,
    sources: [0],
  });
  const slice = (start: number) => ({ of: 2, kind: VIEW_SLICE, axis: 1, start: { kind: 0, value: start } });
  const literal =
    weight instanceof Uint8Array ? { literal: weight } : { file: { file: 0, offset: weight.offset, length: 16 } };
  return {
    format: 1,
    requiredFeatures: [],
    name: 'hand-made',
    provenance: { producer: 'test', modelName: '', modelHash: '', device: 'cpu', deviceFeatures: [], optionsJson: '' },
    symbols: ['N'],
    profiles: [{ ranges: [{ min: 1, opt: 2, max: 8 }] }],
    values: [
      { name: 'x', dtype: FLOAT, shape: rows(4), layout: '', external: true },
      { name: 'w', dtype: FLOAT, shape: fixed(4), layout: '', weight: 0 },
      { name: 'both', dtype: FLOAT, shape: rows(8), layout: '', external: true },
      { name: 'left', dtype: FLOAT, shape: rows(4), layout: '', view: slice(0) },
      { name: 'right', dtype: FLOAT, shape: rows(4), layout: '', view: slice(4) },
      { name: 't', dtype: FLOAT, shape: rows(4), layout: '', arenaOffset: 0, maxBytes: 128 },
    ],
    inputs: [{ name: 'x', value: 0 }],
    outputs: [{ name: 'both', value: 2 }],
    layers: [
      layer('add', [0, 1], 5, [op('Add', [0, 1])]),
      layer('double', [5], 3, [op('Add', [0, 0])]),
      layer('relu', [5], 4, [op('Relu', [0])]),
    ],
    weights: [
      {
        expr: { dtype: FLOAT, shape: [4], ...literal },
        hash: 'w',
        recipe: '',
        offset: 0,
        length: 16,
        layer: 0,
        input: 1,
      },
    ],
    memory: { arenaBytes: 128, lowerBound: 128, withoutReuse: 128 },
    sources: [{ id: '0', op: 'Add', name: '', fate: '' }],
    threads: 1,
  } as EngineMessage;
}

const literalW = new Uint8Array(new Float32Array([1, -1, 0.5, -3]).buffer);
async function written(name: string, message = engineMessage(literalW), files: string[] = []): Promise<string> {
  const path = join(dir, name);
  await runtime.writeEngine({ path, headerBytes: encodeEngine(message), files }, () => {}, never);
  return path;
}

describe('single layers', () => {
  test('the processor is a device with a name and cores', () => {
    const cpu = runtime.devices().find((d) => d.id === 'cpu')!;
    expect(cpu.kind).toBe('cpu');
    expect(cpu.name).not.toBe('');
    expect(cpu.cores).toBeGreaterThan(0);
    expect(runtime.version).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
  });

  test('enumerate lists tactics, the reference last', () => {
    const tactics = runtime.enumerate('cpu', addDesc(), 1);
    expect(tactics.at(-1)!.name).toBe(POINTWISE);
    expect(tactics.at(-1)!.packing).toHaveLength(2);
    expect(tactics.at(-1)!.estimate).toBeGreaterThan(0);
    expect(() => runtime.enumerate('cuda:7', addDesc(), 1)).toThrow('there is no device "cuda:7" here');
    expect(() => runtime.enumerate('cpu', new Uint8Array([255, 255, 255]), 1)).toThrow(RuntimeFailure);
  });

  test('evaluate computes with every tactic', () => {
    for (const tactic of [undefined, ...runtime.enumerate('cpu', addDesc(), 1).map((t) => t.name)]) {
      const [y] = runtime.evaluate(addDesc(), [tensor([2, 3], [1, -2, 3, -4, 5, -6]), tensor([3], [1, 1, 1])], tactic);
      expect(y!.shape).toEqual([2, 3]);
      expect(y!.dtype).toBe('float32');
      expect(numbers(y)).toEqual([2, 0, 4, 0, 6, 0]);
    }
  });

  test('wrong inputs are refused with what was wanted', async () => {
    const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
    expect((await failureOf(() => runtime.evaluate(addDesc(), [x]))).message).toBe('layer "add" has 2 inputs, got 1');
    const wrong = await failureOf(() => runtime.evaluate(addDesc(), [x, tensor([2], [1, 2])]));
    expect(wrong.code).toBe('shape');
    expect(wrong.layer).toBe('add');
    expect(wrong.message).toBe('input 1 of layer "add" is float32 2, its description says float32 3');
    expect((await failureOf(() => runtime.evaluate(addDesc(), [x, null]))).message).toBe(
      'input 1 of layer "add" is missing',
    );
    const short = { ...x, bytes: x.bytes.subarray(1) };
    expect((await failureOf(() => runtime.evaluate(addDesc(), [short, x]))).code).toBe('shape');
  });

  test('measure times each tactic, reports one that does not exist, and stops', async () => {
    const names = [...runtime.enumerate('cpu', addDesc(), 1).map((t) => t.name), 'f32_add__quantum'];
    const results = await runtime.measure('cpu', addDesc(), names, 1, quick, never);
    expect(results.map((r) => r.tactic)).toEqual(names);
    for (const r of results.slice(0, -1)) {
      expect(r.ok).toBe(true);
      expect(Number.isInteger(r.median) && r.min <= r.median && r.median <= r.max).toBe(true);
    }
    expect(results.at(-1)!.ok).toBe(false);
    expect(results.at(-1)!.error).toContain('f32_add__quantum');
    const stopped = await failureOf(() => runtime.measure('cpu', addDesc(), names, 1, quick, AbortSignal.abort()));
    expect(stopped.code).toBe('stopped');
  });

  test('weights are evaluated from files', async () => {
    const file = join(dir, 'weights.bin');
    writeFileSync(file, Buffer.concat([Buffer.from('xyz'), Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)]));
    const leaf = { dtype: FLOAT, shape: [2, 2], file: { file: 0, offset: 3, length: 16 } };
    const expr = encodeWeightExpr({ dtype: FLOAT, shape: [2, 2], transpose: { input: leaf, perm: [1, 0] } });
    const got = await runtime.evaluateWeight(expr, [file]);
    expect([...new Float32Array(got.slice().buffer)]).toEqual([1, 3, 2, 4]);
    expect((await failureOf(() => runtime.evaluateWeight(expr, [join(dir, 'absent')]))).code).toBe('io');
  });
});

describe('engines', () => {
  test('written, loaded and run at several shapes', async () => {
    const model = join(dir, 'model.bin');
    writeFileSync(model, Buffer.concat([Buffer.from('?'), Buffer.from(literalW)]));
    const path = await written('a.sinter', engineMessage({ offset: 1 }), [model]);
    const engine = await runtime.loadEngine(path);
    await engine.verify();
    expect(Buffer.from(engine.headerBytes)).toEqual(Buffer.from(encodeEngine(engineMessage({ offset: 1 }))));
    const context = engine.createContext({ threads: 2 });
    const one = await context.run({ x: tensor([1, 4], [1, 2, 3, 4]) });
    expect(one.both!.shape).toEqual([1, 8]);
    expect(numbers(one.both)).toEqual([4, 2, 7, 2, 2, 1, 3.5, 1]);
    const two = await context.run({ x: tensor([2, 4], [0, 0, 0, 0, 1, 2, 3, 4]) });
    expect(numbers(two.both)).toEqual([2, -2, 1, -6, 1, 0, 0.5, 0, 4, 2, 7, 2, 2, 1, 3.5, 1]);
    const twin = engine.createContext({ threads: 1 });
    const results = await Promise.all([context, twin].map((c) => c.run({ x: tensor([1, 4], [1, 2, 3, 4]) })));
    for (const r of results) expect(numbers(r.both)).toEqual(numbers(one.both));
    context.dispose();
    engine.dispose();
    expect(numbers((await twin.run({ x: tensor([1, 4], [1, 2, 3, 4]) })).both)).toEqual(numbers(one.both));
    expect((await failureOf(() => context.run({ x: tensor([1, 4], [1, 2, 3, 4]) }))).message).toContain('disposed');
  });

  test('inputs that do not fit are refused by name', async () => {
    const engine = await runtime.loadEngine(await written('b.sinter'));
    const context = engine.createContext({ threads: 1 });
    const message = async (inputs: Record<string, Tensor>) => (await failureOf(() => context.run(inputs))).message;
    expect(await message({})).toBe('input "x" is missing; the engine takes "x"');
    expect(await message({ x: tensor([1, 4], [1, 2, 3, 4]), z: tensor([], [1]) })).toBe(
      'the engine has no input "z"; its inputs are "x"',
    );
    expect(await message({ x: tensor([1, 5], [1, 2, 3, 4, 5]) })).toBe('input "x" is 1×5, the engine takes N×4');
    expect(await message({ x: tensor([9, 4], new Array(36).fill(0)) })).toBe(
      'input "x" is 9×4: its dimension 0 ("N") is 9, the engine was built for 1 to 8',
    );
    expect(await message({ x: { ...tensor([1, 4], [1, 2, 3, 4]), dtype: 'int32' } })).toBe(
      'input "x" is int32, the engine takes float32',
    );
    expect(numbers((await context.run({ x: tensor([1, 4], [1, 2, 3, 4]) })).both)).toEqual([4, 2, 7, 2, 2, 1, 3.5, 1]);
  });

  test('one context runs one call at a time', async () => {
    const context = (await runtime.loadEngine(await written('c.sinter'))).createContext({ threads: 1 });
    const signal = new AbortController();
    const profile = context.profile(
      { x: tensor([1, 4], [1, 2, 3, 4]) },
      { warmup: 0, iterations: 1 << 24 },
      () => {},
      signal.signal,
    );
    const second = await failureOf(() => context.run({ x: tensor([1, 4], [1, 2, 3, 4]) }));
    expect(second.message).toContain('already running');
    signal.abort();
    expect((await failureOf(() => profile)).code).toBe('stopped');
    await context.run({ x: tensor([1, 4], [1, 2, 3, 4]) });
  });

  test('profiles count iterations and layers and report progress', async () => {
    const context = (await runtime.loadEngine(await written('d.sinter'))).createContext({ threads: 1 });
    const seen: number[] = [];
    const p = await context.profile(
      { x: tensor([8, 4], new Array(32).fill(1)) },
      { warmup: 2, iterations: 20 },
      ({ done, total }) => {
        expect(total).toBe(42);
        seen.push(done);
      },
      never,
    );
    expect(p.total).toHaveLength(20);
    expect(p.layers.map((l) => l.layer)).toEqual([0, 1, 2]);
    for (const l of p.layers) expect(l.samples.every((ns) => ns >= 0)).toBe(true);
    // On the CPU's one stream a layer starts after the one before it has ended.
    const [first, second] = p.layers;
    expect(first!.starts.every((ns) => ns >= 0)).toBe(true);
    second!.starts.forEach((ns, i) => expect(ns).toBeGreaterThanOrEqual(first!.starts[i]! + first!.samples[i]! - 1));
    expect(first!.facts).toBeUndefined();
    expect(seen.every((n, i) => i === 0 || n > seen[i - 1]!)).toBe(true);
  });

  test('damaged files are refused, each with its reason', async () => {
    const good = readFileSync(await written('e.sinter'));
    expect(crc32(good.subarray(64, 64 + Number(good.readBigUInt64LE(16))))).toBe(good.readUInt32LE(40));
    expect(crc32(good.subarray(Number(good.readBigUInt64LE(24))))).toBe(good.readUInt32LE(44));
    const path = join(dir, 'bad.sinter');
    const code = async (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return (await failureOf(() => runtime.loadEngine(path))).code;
    };
    expect(await code(good.subarray(0, good.length - 1))).toBe('truncated');
    expect(await code(good.subarray(0, 40))).toBe('truncated');
    expect(await code(new Uint8Array())).toBe('format');
    expect(await code(Buffer.from('node weights = tensor;\n'.repeat(20)))).toBe('format');
    const header = Buffer.from(good);
    header[80] = header[80]! ^ 1;
    expect(await code(header)).toBe('corrupt');
    const newer = Buffer.from(good);
    newer.writeUInt32LE(2, 8);
    expect(await code(newer)).toBe('format');
    const weights = Buffer.from(good);
    weights[good.length - 60] = weights[good.length - 60]! ^ 1;
    writeFileSync(path, weights);
    const engine = await runtime.loadEngine(path);
    expect((await failureOf(() => engine.verify())).code).toBe('corrupt');
    expect((await failureOf(() => runtime.loadEngine(join(dir, 'none.sinter')))).code).toBe('io');
  });

  test('a kernel that is not here is named with its layer', async () => {
    const engine = await runtime.loadEngine(await written('f.sinter', engineMessage(literalW, 'f32_add__quantum')));
    const e = await failureOf(() => engine.createContext({ threads: 1 }).run({ x: tensor([1, 4], [1, 2, 3, 4]) }));
    expect(e.layer).toBe('add');
    expect(e.code).toBe('kernel');
  });

  test('nothing is left when writing fails or is stopped; progress reaches the end', async () => {
    const before = readdirSync(dir).length;
    const request = (message: EngineMessage) => ({
      path: join(dir, 'g.sinter'),
      headerBytes: encodeEngine(message),
      files: [],
    });
    const stopped = await failureOf(() =>
      runtime.writeEngine(request(engineMessage(literalW)), () => {}, AbortSignal.abort()),
    );
    expect(stopped.code).toBe('stopped');
    const needs = { ...engineMessage(literalW), requiredFeatures: ['telepathy'] };
    expect((await failureOf(() => runtime.writeEngine(request(needs), () => {}, never))).code).toBe('feature');
    expect(
      (await failureOf(() => runtime.writeEngine(request(engineMessage({ offset: 0 })), () => {}, never))).code,
    ).toBe('corrupt');
    expect(readdirSync(dir)).toHaveLength(before);
    await runtime.writeEngine(request(engineMessage(literalW)), () => {}, never);
    expect(existsSync(join(dir, 'g.sinter'))).toBe(true);
  });

  test('the addon works in several threads of one process', async () => {
    const code = `const { parentPort } = require('node:worker_threads');
      parentPort.postMessage(require(${JSON.stringify(ADDON)}).devices()[0].id);`;
    const ids = await Promise.all(
      [1, 2].map(
        () =>
          new Promise((resolve, reject) => {
            const w = new Worker(code, { eval: true });
            w.once('message', resolve);
            w.once('error', reject);
          }),
      ),
    );
    expect(ids).toEqual(['cpu', 'cpu']);
  });
});

test('a missing addon is named with the command that builds it', () => {
  expect(() => createNativeRuntime(join(dir, 'absent.node'))).toThrow(
    /absent\.node cannot be loaded .*npm run build:native/,
  );
});
