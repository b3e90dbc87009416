import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { probesOf, rangesOfShapes } from '../../optimizer/builder/profiles.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { readEngineFile } from '../../optimizer/engine/file.ts';
import { engineAt, inputRanges } from '../../optimizer/engine/profiles.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import type { ImportedModel } from '../../optimizer/importers/index.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { dynamicBert } from '../../scripts/modelzoo/bert.mjs';
import { ortSession, runOrt } from '../bench/ort.ts';
import { ints, node, value, writeModel } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';

/*
 * Optimization profiles: engines whose batch and sequence are open within ranges, against ONNX Runtime at random shapes,
 * through the library, the command line and an emulated GPU.
 */
const EMULATOR = join(process.cwd(), 'build/native/emulator');
const SHORT = { batch: { min: 1, opt: 1, max: 2 }, sequence: { min: 1, opt: 8, max: 16 } };
const LONG = { batch: { min: 1, opt: 4, max: 6 }, sequence: { min: 12, opt: 48, max: 64 } };

let dir: string;
let model: string;
let imported: ImportedModel;
let optimized: Optimized;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sinter-profiles-'));
  model = join(dir, 'bert.onnx');
  dynamicBert().write(model);
  imported = await openModel(model);
  optimized = optimizeModel(imported, testRuntime());
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function inputsOf(batch: number, sequence: number, random: () => number): Record<string, Tensor> {
  const ints = (most: number, least = 0) =>
    fromNumbers(
      'int64',
      [batch, sequence],
      Array.from({ length: batch * sequence }, () => least + Math.floor(random() * most)),
    );
  return { input_ids: ints(100), attention_mask: ints(2) };
}

async function built(name: string, profiles: readonly (typeof SHORT)[]): Promise<string> {
  const path = join(dir, name);
  await buildEngine(optimized, { runtime: testRuntime(), threads: 1, path, profiles });
  return path;
}

const cli = (args: string[], env: Record<string, string> = {}) => {
  const p = spawnSync(process.execPath, ['bin/sinter.mjs', ...args], {
    encoding: 'utf8',
    env: { ...process.env, SINTER_KERNEL_CACHE: join(dir, 'kernels'), ...env },
  });
  return { code: p.status, out: p.stdout, err: p.stderr };
};

describe('an engine with two profiles', () => {
  let path: string;
  beforeAll(async () => {
    path = await built('two.sinter', [SHORT, LONG]);
  });

  test('agrees with ONNX Runtime at random shapes of both, and says which one ran', async () => {
    const random = seededRandom(3);
    const session = await ortSession(model, 1);
    const engine = await testRuntime().loadEngine(path);
    const context = engine.createContext({ threads: 1 });
    const seen = new Set<number>();
    const between = (a: number, b: number) => a + Math.floor(random() * (b - a + 1));
    const shapes = [
      [1, 1],
      [2, 16],
      [6, 64],
      [1, 64],
      ...Array.from({ length: 12 }, (_, i) =>
        i % 2 ? [between(1, 2), between(1, 16)] : [between(1, 6), between(12, 64)],
      ),
    ];
    for (const [batch, sequence] of shapes as [number, number][]) {
      const inputs = inputsOf(batch, sequence, random);
      const want = await runOrt(session, inputs);
      const got = await context.run(inputs);
      expect(got.last_hidden_state!.shape).toEqual([batch, sequence, 64]);
      const d = difference(want.last_hidden_state!, got.last_hidden_state!);
      expect(d.maxRel, `${batch}×${sequence}`).toBeLessThan(2e-5);
      const { profile } = await context.profile(
        inputs,
        { warmup: 0, iterations: 1 },
        () => {},
        new AbortController().signal,
      );
      seen.add(profile);
    }
    expect([...seen].sort()).toEqual([0, 1]);
    await session.release();
  });

  test('takes the profile whose best size is nearest where both fit; one that is named is kept to', async () => {
    const engine = await testRuntime().loadEngine(path);
    const run = async (batch: number, sequence: number, profile?: number) => {
      const context = engine.createContext({ threads: 1, ...(profile === undefined ? {} : { profile }) });
      const inputs = inputsOf(batch, sequence, seededRandom(1));
      return (await context.profile(inputs, { warmup: 0, iterations: 1 }, () => {}, new AbortController().signal))
        .profile;
    };
    expect(await run(1, 14)).toBe(0);
    expect(await run(2, 16, 1)).toBe(1);
    await expect(run(3, 16, 0)).rejects.toThrow(
      'input "input_ids" is 3×16: its dimension 0 ("batch") is 3, the engine was built for 1 to 2 in profile 0',
    );
    expect(() => engine.createContext({ threads: 1, profile: 2 })).toThrow('there is no optimization profile 2');
  });

  test('refuses a shape outside with the input, the dimension, what it is and what it may be', async () => {
    const engine = await testRuntime().loadEngine(path);
    const context = engine.createContext({ threads: 1 });
    const run = (b: number, s: number) => context.run(inputsOf(b, s, seededRandom(1)));
    await expect(run(1, 65)).rejects.toThrow(
      'input "input_ids" is 1×65: its dimension 1 ("sequence") is 65, the engine was built for 1 to 16 in profile 0, 12 to 64 in profile 1',
    );
    await expect(run(6, 4)).rejects.toThrow(
      'no optimization profile of the engine takes these sizes together: "input_ids" 6×4, "attention_mask" 6×4',
    );
    // The context still runs what fits.
    expect((await run(2, 3)).last_hidden_state!.shape).toEqual([2, 3, 64]);
  });

  test('holds every weight once: no two entries have the same constant in the same form', () => {
    const { header } = readEngineFile(path);
    expect(header.profiles.length).toBe(2);
    const forms = header.weights.map((w) => `${w.hash} ${w.recipe}`);
    expect(new Set(forms).size).toBe(forms.length);
    const used = (i: number) =>
      new Set(engineAt(header, i).values.flatMap((v) => (v.weight === undefined ? [] : [v.weight])));
    const shared = [...used(0)].filter((w) => used(1).has(w));
    expect(shared.length).toBeGreaterThan(header.weights.length / 2);
    expect(inputRanges(header, 1)[0]).toEqual({ name: 'input_ids', min: [1, 12], opt: [4, 48], max: [6, 64] });
    // The larger profile needs the larger arena; a context for the small one needs no more than its own.
    expect(engineAt(header, 1).memory.arenaBytes).toBeGreaterThan(4 * engineAt(header, 0).memory.arenaBytes);
  });
});

describe('the command line', () => {
  test('builds profiles as trtexec spells them, lists them, runs the one that fits or is named', () => {
    const engine = join(dir, 'cli.sinter');
    const shapes = (s: string) => `input_ids:${s},attention_mask:${s}`;
    const build = cli([
      ...['build', model, '-o', engine, '--level', '0'],
      ...[
        '--profile',
        '0',
        '--minShapes',
        shapes('1x1'),
        '--optShapes',
        shapes('1x8'),
        `--maxShapes=${shapes('2x16')}`,
      ],
      ...['--profile', '1', '--range', 'batch=1,4,6', '--range', 'sequence=12,48,64'],
    ]);
    expect(build.err).toBe('');
    expect(build.out).toContain('profile 1: batch 1…4…6, sequence 12…48…64:');
    const listed = cli(['inspect', engine]).out;
    expect(listed).toContain('profile 0  input_ids 1×1 … 1×8 … 2×16, attention_mask 1×1 … 1×8 … 2×16, activations');
    expect(cli(['run', engine, '--shape', 'input_ids=5x40', '--shape', 'attention_mask=5x40']).out).toContain(
      '5×40×64',
    );
    expect(cli(['run', engine]).out).toContain('1×8×64');
    expect(cli(['run', engine, '--profile', '1']).out).toContain('4×48×64');
    const outside = cli(['run', engine, '--profile', '0', '--shape', '2x17']);
    expect(outside.code).not.toBe(0);
    expect(outside.err).toContain('is 17, the engine was built for 1 to 16 in profile 0');
    const timed = JSON.parse(cli(['profile', engine, '--profile', '1', '--iterations', '2', '--json']).out);
    expect(timed.engine.profile).toEqual({ index: 1, count: 2 });
    expect(timed.engine.inputs[0].shape).toBe('4×48');
    expect(JSON.parse(cli(['compare', model, engine, '--profile', '1', '--json']).out).ok).toBe(true);
    expect(cli(['run', engine, '--profile', '7']).err).toContain('there is no optimization profile 7');
  });

  test('says what is wrong with shapes that contradict the model', () => {
    const build = (...args: string[]) => cli(['build', model, '-o', join(dir, 'no.sinter'), ...args]).err;
    expect(build('--optShapes', 'input_ids:1x8x1')).toContain('of 2 dimensions');
    expect(build('--optShapes', 'ids:1x8')).toContain('the model has no input "ids"');
    expect(build('--minShapes', 'input_ids:1x9', '--optShapes', 'input_ids:1x8')).toContain('that is no range');
    expect(build('--optShapes', 'input_ids:1x8,attention_mask:1x9')).toContain('is 8 in another place');
    expect(build('--profile', '2')).toContain('profiles are counted from 0');
  });
});

test('sizes that data decides, and slices from the end of an open dimension, in both profiles', async () => {
  const path = writeModel(dir, {
    graph: {
      name: 'g',
      node: [
        node('Relu', ['x'], ['r']),
        node('NonZero', ['r'], ['y']),
        node('Slice', ['r', 'start', 'end', 'axis'], ['s']),
        node('Sigmoid', ['s'], ['w']),
      ],
      input: [value('x', ['n', 4])],
      output: [value('y', [2, 'k'], 7), value('w', ['m', 4])],
      initializer: [ints('start', [1], [-2]), ints('end', [1], [1 << 30]), ints('axis', [1], [0])],
    },
    opset: 17,
  });
  const engine = join(dir, 'decided.sinter');
  const model = optimizeModel(await openModel(path), testRuntime());
  const profiles = [{ n: { min: 1, opt: 2, max: 4 } }, { n: { min: 5, opt: 8, max: 16 } }];
  await buildEngine(model, { runtime: testRuntime(), threads: 1, path: engine, profiles });
  const session = await ortSession(path, 1);
  const context = (await testRuntime().loadEngine(engine)).createContext({ threads: 1 });
  const random = seededRandom(5);
  for (const n of [1, 2, 16, 4, 5, 11]) {
    const x = randomTensor('float32', [n, 4], random);
    const want = await runOrt(session, { x });
    const got = await context.run({ x });
    expect(got.y!.shape, `${n} rows`).toEqual(want.y!.shape);
    expect(Buffer.from(got.y!.bytes).equals(Buffer.from(want.y!.bytes))).toBe(true);
    expect(got.w!.shape).toEqual([Math.min(n, 2), 4]);
    expect(difference(want.w!, got.w!).maxRel).toBeLessThan(1e-6);
  }
  await session.release();
});

test('ranges follow from shapes, and a tactic is asked about sizes all over them', () => {
  const { graph } = imported;
  const ranges = rangesOfShapes(graph, { opt: { input_ids: [2, 8] }, max: { input_ids: [4, 64] } });
  expect(ranges).toEqual({ batch: { min: 2, opt: 2, max: 4 }, sequence: { min: 8, opt: 8, max: 64 } });
  const probes = probesOf(new Map(Object.entries(ranges))).map((b) => [b.get('batch'), b.get('sequence')]);
  expect(probes).toEqual(
    expect.arrayContaining([
      [4, 8],
      [2, 64],
      [4, 64],
      [3, 9],
      [3, 63],
    ]),
  );
  expect(probes).not.toContainEqual([2, 8]);
  expect(probesOf(new Map([['n', { min: 3, opt: 3, max: 3 }]]))).toEqual([]);
});

test.skipIf(!existsSync(join(EMULATOR, 'libcuda.so.1')))(
  'on an emulated GPU: two profiles, other sizes than the best, and no compiler where the engine runs',
  () => {
    const engine = join(dir, 'gpu.sinter');
    const gpu = { SINTER_CUDA_PATH: EMULATOR };
    const build = cli(
      [
        ...['build', model, '-o', engine, '--level', '0', '--device', 'cuda:0'],
        ...['--range', 'batch=1,1,2', '--range', 'sequence=1,8,16'],
        ...['--profile', '1', '--range', 'batch=1,2,3', '--range', 'sequence=12,24,32'],
      ],
      gpu,
    );
    expect(build).toMatchObject({ code: 0 });
    // The compiler and the folder of compiled kernels are out of reach: what runs is in the engine.
    const driver = mkdtempSync(join(dir, 'driver-'));
    symlinkSync(join(EMULATOR, 'libcuda.so.1'), join(driver, 'libcuda.so.1'));
    const alone = { SINTER_CUDA_PATH: driver, SINTER_KERNEL_CACHE: 'none', SINTER_EMULATOR_CXX: '/bin/false' };
    for (const shape of ['1x8', '2x13', '1x1', '3x31', '2x32']) {
      const both = ['--shape', `input_ids=${shape}`, '--shape', `attention_mask=${shape}`];
      const compared = cli(['compare', model, engine, ...both, '--json'], alone);
      expect(compared.err, shape).toBe('');
      expect(JSON.parse(compared.out).ok, shape).toBe(true);
    }
  },
  180_000,
);
