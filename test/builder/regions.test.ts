import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { attr, floats, ints, node, scratch, value, writeModel } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';
import { agrees, bool, f32, i64 } from '../support/regions.ts';

/* Control flow and shapes that running decides, against ONNX Runtime on the same file. */

const dir = scratch();
const BOOL = 9;
const INT64 = 7;

const branch = (nodes: readonly object[], output: object): object => ({
  name: 'branch',
  node: nodes,
  output: [output],
});

describe('If', () => {
  it('takes the branch that its condition says, with what both capture', async () => {
    const graph = {
      name: 'if',
      input: [value('c', [], BOOL), value('x', [2, 3])],
      initializer: [floats('w', [3], [1, 2, 3])],
      node: [
        node('Relu', ['x'], ['r']),
        node(
          'If',
          ['c'],
          ['y'],
          [
            attr.graph(
              'then_branch',
              branch([node('Mul', ['r', 'w'], ['t0']), node('Exp', ['t0'], ['t'])], value('t', [2, 3])),
            ),
            attr.graph('else_branch', branch([node('Sub', ['x', 'w'], ['e'])], value('e', [2, 3]))),
          ],
        ),
        node('Neg', ['y'], ['z']),
      ],
      output: [value('z', [2, 3])],
    };
    const x = f32([2, 3], [1, -2, 0.5, -1, 2, 0]);
    await agrees(graph, [
      { c: bool(true), x },
      { c: bool(false), x },
    ]);
  });

  it('may give another shape from each branch', async () => {
    const graph = {
      name: 'shapes',
      input: [value('c', [], BOOL), value('x', [2, 4])],
      initializer: [ints('axis', [1], [1])],
      node: [
        node(
          'If',
          ['c'],
          ['y'],
          [
            attr.graph('then_branch', branch([node('ReduceSum', ['x', 'axis'], ['t'])], value('t', [2, 1]))),
            attr.graph('else_branch', branch([node('Identity', ['x'], ['e'])], value('e', [2, 4]))),
          ],
        ),
        node('Add', ['y', 'x'], ['z']),
        node('Shape', ['y'], ['s']),
      ],
      output: [value('z', ['a', 'b']), value('s', [2], INT64)],
    };
    const x = f32([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
    await agrees(graph, [
      { c: bool(true), x },
      { c: bool(false), x },
    ]);
  });
});

describe('Loop', () => {
  it('carries a tensor that grows, and stops by its condition', async () => {
    const body = {
      name: 'body',
      input: [value('i', [], INT64), value('go', [], BOOL), value('grown', ['n'])],
      initializer: [ints('four', [], [4]), floats('step', [1], [1.5])],
      node: [
        node('Mul', ['x', 'step'], ['part']),
        node('Concat', ['grown', 'part'], ['longer'], [attr.int('axis', 0)]),
        node('Less', ['i', 'four'], ['again']),
        node('ReduceSum', ['longer'], ['sum'], [attr.int('keepdims', 0)]),
      ],
      output: [value('again', [], BOOL), value('longer', ['m']), value('sum', [])],
    };
    const graph = {
      name: 'loop',
      input: [value('turns', [], INT64), value('x', [2])],
      initializer: [floats('start', [1], [0.25]), { name: 'yes', dims: [], dataType: BOOL, rawData: Uint8Array.of(1) }],
      node: [node('Loop', ['turns', 'yes', 'start'], ['last', 'sums'], [attr.graph('body', body)])],
      output: [value('last', ['k']), value('sums', ['t'])],
    };
    const x = f32([2], [1, 2]);
    await agrees(graph, [
      { turns: i64([], [3]), x },
      { turns: i64([], [50]), x },
      { turns: i64([], [1]), x },
    ]);
  });

  it('names the layer of a body that fails', async () => {
    const body = {
      name: 'body',
      input: [value('i', [], INT64), value('go', [], BOOL), value('s', [1])],
      node: [node('Gather', ['x', 'i'], ['g']), node('Add', ['s', 'g'], ['t']), node('Identity', ['go'], ['again'])],
      output: [value('again', [], BOOL), value('t', [1])],
    };
    const graph = {
      name: 'fails',
      input: [value('turns', [], INT64), value('x', [3])],
      initializer: [floats('start', [1], [0])],
      node: [node('Loop', ['turns', '', 'start'], ['y'], [attr.graph('body', body)])],
      output: [value('y', [1])],
    };
    const runtime = testRuntime();
    const model = await openModel(writeModel(dir, { graph }));
    const file = join(dir, 'fails.sinter');
    await buildEngine(optimizeModel(model, runtime), { runtime, threads: 1, path: file });
    const engine = await runtime.loadEngine(file);
    const context = engine.createContext({ threads: 1 });
    const x = f32([3], [1, 2, 4]);
    await expect(context.run({ turns: i64([], [9]), x })).rejects.toThrow(/"Gather".*index 3/);
    const good = await context.run({ turns: i64([], [3]), x });
    expect([...new Float32Array(good.y!.bytes.slice().buffer)]).toEqual([7]);
    context.dispose();
    engine.dispose();
  });
});

it('Scan goes over sequences backwards too, and over other axes', async () => {
  const body = {
    name: 'body',
    input: [value('s', [2]), value('e', [2])],
    node: [node('Add', ['s', 'e'], ['next']), node('Mul', ['next', 'e'], ['out'])],
    output: [value('next', [2]), value('out', [2])],
  };
  const graph = {
    name: 'scan',
    input: [value('s0', [2]), value('x', [2, 3])],
    node: [
      node(
        'Scan',
        ['s0', 'x'],
        ['last', 'all'],
        [
          attr.graph('body', body),
          attr.int('num_scan_inputs', 1),
          attr.ints('scan_input_axes', [1]),
          attr.ints('scan_input_directions', [1]),
          attr.ints('scan_output_axes', [1]),
        ],
      ),
    ],
    output: [value('last', [2]), value('all', [2, 3])],
  };
  await agrees(graph, [{ s0: f32([2], [1, -1]), x: f32([2, 3], [1, 2, 3, 4, 5, 6]) }]);
});

it('layers after NonZero, Slice and Reshape take the shapes that data decides', async () => {
  const graph = {
    name: 'decided',
    input: [value('x', [3, 4]), value('from', [1], INT64), value('to', [1], INT64), value('shape', [2], INT64)],
    initializer: [ints('axes', [1], [1]), floats('w', [1, 2], [1, -1])],
    node: [
      node('NonZero', ['x'], ['where']),
      node('Cast', ['where'], ['places'], [attr.int('to', 1)]),
      node('Slice', ['x', 'from', 'to', 'axes'], ['part']),
      node('Relu', ['part'], ['r']),
      node('Reshape', ['x', 'shape'], ['again']),
      node('Transpose', ['again'], ['turned'], [attr.ints('perm', [1, 0])]),
      node('Tanh', ['turned'], ['t']),
    ],
    output: [value('places', [2, 'found']), value('r', [3, 'n']), value('t', ['a', 'b'])],
  };
  const x = f32([3, 4], [0, 1, 0, -2, 3, 0, 0, 0, 4, 0, 5, 0]);
  await agrees(graph, [
    { x, from: i64([1], [1]), to: i64([1], [3]), shape: i64([2], [2, 6]) },
    { x, from: i64([1], [-4]), to: i64([1], [99]), shape: i64([2], [-1, 3]) },
    { x: f32([3, 4], new Array(12).fill(0)), from: i64([1], [2]), to: i64([1], [2]), shape: i64([2], [12, 1]) },
  ]);
});
