import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { attr, floats, ints, node, scratch, value, writeModel } from '../importers/make.ts';
import { ROOT, testRuntime } from '../networks/check.ts';
import { agrees, bool, f32, i64 } from '../support/regions.ts';

/* Engines of the emulated GPU in this process: control flow, shapes that running decides, several contexts at once. */

const EMULATOR = join(ROOT, 'build/native/emulator');
const dir = scratch();
process.env.SINTER_CUDA_PATH = EMULATOR;
process.env.SINTER_KERNEL_CACHE = join(dir, 'kernels');

const GPU = 'cuda:0';
const BOOL = 9;
const INT64 = 7;
const part = (nodes: readonly object[], output: object): object => ({ name: 'part', node: nodes, output: [output] });

describe.skipIf(!existsSync(join(EMULATOR, 'libcuda.so.1')))('engines of a GPU', () => {
  it('take the branch of an If, whose layers are kernels of the GPU', async () => {
    const branches = [
      attr.graph(
        'then_branch',
        part([node('Mul', ['r', 'w'], ['t0']), node('Exp', ['t0'], ['t'])], value('t', [2, 3])),
      ),
      attr.graph('else_branch', part([node('Sub', ['x', 'w'], ['e'])], value('e', [2, 3]))),
    ];
    const graph = {
      name: 'if',
      input: [value('c', [], BOOL), value('x', [2, 3])],
      initializer: [floats('w', [3], [1, 2, 3])],
      node: [node('Relu', ['x'], ['r']), node('If', ['c'], ['y'], branches), node('Neg', ['y'], ['z'])],
      output: [value('z', [2, 3])],
    };
    const x = f32([2, 3], [1, -2, 0.5, -1, 2, 0]);
    const feeds = [
      { c: bool(true), x },
      { c: bool(false), x },
    ];
    for (const header of await agrees(graph, feeds, 17, GPU)) {
      const bodies = header.layers.flatMap((l) => l.regions ?? []).flatMap((r) => r.layers);
      expect(bodies.length).toBeGreaterThan(1);
      for (const l of bodies) expect(l.tactic, l.name).toContain('__cuda');
    }
  }, 120_000);

  it('run loops whose tensors grow, and results as long as what is found', async () => {
    const body = {
      name: 'body',
      input: [value('i', [], INT64), value('go', [], BOOL), value('grown', ['n'])],
      initializer: [ints('four', [], [4]), floats('step', [1], [1.5])],
      node: [
        node('Mul', ['x', 'step'], ['more']),
        node('Concat', ['grown', 'more'], ['longer'], [attr.int('axis', 0)]),
        node('Less', ['i', 'four'], ['again']),
      ],
      output: [value('again', [], BOOL), value('longer', ['m'])],
    };
    const graph = {
      name: 'loop',
      input: [value('turns', [], INT64), value('x', [2])],
      initializer: [floats('start', [1], [0.25]), { name: 'yes', dims: [], dataType: BOOL, rawData: Uint8Array.of(1) }],
      node: [
        node('Loop', ['turns', 'yes', 'start'], ['last'], [attr.graph('body', body)]),
        node('Relu', ['last'], ['positive']),
        node('NonZero', ['positive'], ['places']),
      ],
      output: [value('positive', ['k']), value('places', [1, 'p'], INT64)],
    };
    const feeds = [
      { turns: i64([], [3]), x: f32([2], [1, -2]) },
      { turns: i64([], [50]), x: f32([2], [-1, 0.5]) },
    ];
    await agrees(graph, feeds, 17, GPU);
  }, 120_000);

  it('give the same results from several contexts at once', async () => {
    const graph = {
      name: 'shared',
      input: [value('x', [4, 16])],
      initializer: [
        floats(
          'w',
          [16, 8],
          Array.from({ length: 128 }, (_, i) => ((i * 37) % 23) / 23 - 0.5),
        ),
      ],
      node: [
        node('MatMul', ['x', 'w'], ['m']),
        node('Relu', ['m'], ['r']),
        node('Softmax', ['r'], ['y'], [attr.int('axis', 1)]),
      ],
      output: [value('y', [4, 8])],
    };
    const runtime = testRuntime();
    const path = join(dir, 'shared.sinter');
    const model = await openModel(writeModel(dir, { graph }));
    await buildEngine(optimizeModel(model, runtime), { runtime, device: GPU, threads: 1, path });
    const engine = await runtime.loadEngine(path);
    const inputs = Array.from({ length: 3 }, (_, k) =>
      f32(
        [4, 16],
        Array.from({ length: 64 }, (_, i) => Math.sin(i * (k + 1))),
      ),
    );
    const alone = engine.createContext({ threads: 1 });
    const want: Uint8Array[] = [];
    for (const x of inputs) want.push((await alone.run({ x })).y!.bytes.slice());
    alone.dispose();
    const contexts = inputs.map(() => engine.createContext({ threads: 1 }));
    // Four runs each: the first launches layer by layer, the second records, the others replay.
    for (let turn = 0; turn < 4; turn++) {
      const got = await Promise.all(contexts.map((c, k) => c.run({ x: inputs[k]! })));
      got.forEach((outputs, k) => {
        expect(outputs.y!.bytes).toEqual(want[k]);
      });
    }
    for (const c of contexts) c.dispose();
    engine.dispose();
  }, 120_000);

  it('name the layer that an index out of range belongs to, in recorded runs too, and go on', async () => {
    const table = Array.from({ length: 12 }, (_, i) => i);
    const graph = {
      name: 'rows',
      input: [value('at', [2], INT64)],
      initializer: [floats('table', [3, 4], table)],
      node: [node('Gather', ['table', 'at'], ['row'], [attr.int('axis', 0)]), node('Relu', ['row'], ['y'])],
      output: [value('y', [2, 4])],
    };
    const runtime = testRuntime();
    const path = join(dir, 'rows.sinter');
    const model = await openModel(writeModel(dir, { graph }));
    await buildEngine(optimizeModel(model, runtime), { runtime, device: GPU, threads: 1, path });
    const engine = await runtime.loadEngine(path);
    const context = engine.createContext({ threads: 1 });
    for (let turn = 0; turn < 4; turn++) {
      await expect(context.run({ at: i64([2], [1, 7]) })).rejects.toThrow(
        /index 7 of layer "[^"]+" is outside an axis of 3 elements/,
      );
      const { y } = await context.run({ at: i64([2], [-1, 0]) });
      expect(y!.bytes).toEqual(f32([2, 4], [8, 9, 10, 11, 0, 1, 2, 3]).bytes);
    }
    context.dispose();
    engine.dispose();
  }, 120_000);
});
