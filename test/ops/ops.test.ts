import { describe, expect, it } from 'vitest';
import { importModel } from '../../optimizer/importers/index.ts';
import { dimKey, shapeText } from '../../optimizer/ir/dim.ts';
import { toNumbers } from '../../optimizer/ir/tensor.ts';
import { nodeCost } from '../../optimizer/ops/cost.ts';
import { findOp, OPS } from '../../optimizer/ops/index.ts';
import { fixShapes, inferNode, inferTypes } from '../../optimizer/ops/infer.ts';
import { attr, floats, ints, node, sample, scratch, value, writeModel } from '../importers/make.ts';

const dir = scratch();
const model = async (
  nodes: readonly object[],
  inputs: readonly object[],
  outputs: readonly string[],
  options: { opset?: number; initializer?: readonly object[] } = {},
) => {
  const graph = {
    name: 'g',
    node: nodes,
    input: inputs,
    output: outputs.map((o) => value(o, [])),
    initializer: options.initializer ?? [],
  };
  return importModel(writeModel(dir, { graph, opset: options.opset ?? 17 }));
};
const shapes = (m: Awaited<ReturnType<typeof model>>) => m.outputs.map((o) => shapeText(o.type.shape));

describe('the registry', () => {
  it('holds each operator once, with ascending versions', () => {
    expect(OPS.length).toBeGreaterThan(150);
    expect(new Set(OPS.map((o) => `${o.domain ?? ''}:${o.op}`)).size).toBe(OPS.length);
    for (const o of OPS) {
      expect(
        [...o.since].sort((a, b) => a - b),
        o.op,
      ).toEqual([...o.since]);
      expect(o.inputs[0], o.op).toBeLessThanOrEqual(o.inputs[1]);
    }
    expect(findOp('ai.onnx', 'Conv')).toBe(findOp('', 'Conv'));
    expect(findOp('', 'Nothing')).toBeUndefined();
  });
});

describe('symbolic shapes', () => {
  it('carries a shape through Shape, Gather, arithmetic, Concat and Reshape', async () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n'], [attr.int('axis', 0)]),
      node('Gather', ['s', 'two'], ['w'], [attr.int('axis', 0)]),
      node('Mul', ['w', 'six'], ['w6']),
      node('Unsqueeze', ['n', 'axis'], ['n1']),
      node('Unsqueeze', ['w6', 'axis'], ['w1']),
      node('Concat', ['n1', 'w1'], ['t'], [attr.int('axis', 0)]),
      node('Reshape', ['x', 't'], ['y']),
    ];
    const initializer = [ints('zero', [], [0]), ints('two', [], [2]), ints('six', [], [6]), ints('axis', [1], [0])];
    const m = await model(nodes, [value('x', ['n', 6, 'w'])], ['y'], { initializer });
    expect(shapes(m)).toEqual(['n×6*w']);
    const t = [...m.graph.values()].find((v) => v.name === 't')!;
    expect(inferTypes(m.graph).data.get(t.id)!.map(dimKey)).toEqual(['n', '6*w']);
    fixShapes(m.graph, { x: [2, 6, 5] });
    expect(m.graph.value(m.graph.outputs[0]!).type.shape).toEqual([2, 30]);
  });

  it('cancels what Reshape cannot know by numbers', async () => {
    const initializer = [ints('a', [3], [0, -1, 8]), ints('b', [2], [-1, 24])];
    const nodes = [node('Reshape', ['x', 'a'], ['y']), node('Reshape', ['x', 'b'], ['z'])];
    const m = await model(nodes, [value('x', ['n', 's', 24])], ['y', 'z'], { initializer });
    expect(shapes(m)).toEqual(['n×3*s×8', 'n*s×24']);
  });

  it('gives convolution and pooling sizes one form', async () => {
    const conv = [attr.ints('kernel_shape', [3, 3]), attr.ints('strides', [2, 2]), attr.ints('pads', [1, 1, 1, 1])];
    const same = [
      attr.ints('kernel_shape', [3, 3]),
      attr.ints('strides', [2, 2]),
      attr.string('auto_pad', 'SAME_UPPER'),
    ];
    const nodes = [
      node('MaxPool', ['x'], ['a'], conv),
      node('MaxPool', ['x'], ['b'], same),
      node('Add', ['a', 'b'], ['y']),
    ];
    const m = await model(nodes, [value('x', ['n', 4, 'h', 'w'])], ['y']);
    expect(shapes(m)).toEqual(['n×4×floor((h + 1)/2)×floor((w + 1)/2)']);
  });

  it('follows the question for -1 that PyTorch asks before it expands', async () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n']),
      node('Gather', ['s', 'first'], ['t']),
      node('Unsqueeze', ['n', 'axis'], ['n1']),
      node('Unsqueeze', ['t', 'axis'], ['t1']),
      node('Concat', ['n1', 'one', 't1'], ['wish'], [attr.int('axis', 0)]),
      node('ConstantOfShape', ['three'], ['ones'], [attr.tensor('value', ints('', [1], [1]))]),
      node('Mul', ['ones', 'minus'], ['holes']),
      node('Equal', ['wish', 'holes'], ['keep']),
      node('Where', ['keep', 'ones', 'wish'], ['shape']),
      node('Expand', ['c', 'shape'], ['y']),
    ];
    const initializer = [
      ints('zero', [], [0]),
      ints('first', [], [1]),
      ints('axis', [1], [0]),
      ints('one', [1], [1]),
      ints('three', [1], [3]),
      ints('minus', [], [-1]),
      floats('c', [1, 1, 1], [5]),
    ];
    const m = await model(nodes, [value('x', ['batch', 'tokens', 8])], ['y'], { initializer });
    expect(shapes(m)).toEqual(['batch×1×tokens']);
  });

  it('gives unknown sizes inside a subgraph names of their own', async () => {
    const branch = (name: string) => ({
      name,
      node: [node('NonZero', ['x'], [`${name}_r`])],
      output: [value(`${name}_r`, [2, 'k'], 7)],
    });
    const nodes = [
      node('NonZero', ['x'], ['here']),
      node('If', ['c'], ['there'], [attr.graph('then_branch', branch('a')), attr.graph('else_branch', branch('b'))]),
    ];
    const m = await model(nodes, [value('x', [3, 4]), value('c', [], 9)], ['here', 'there']);
    const [here, there] = m.outputs.map((o) => dimKey(o.type.shape![1]!));
    expect(here).not.toBe(there);
  });

  it('stays bounded where expressions would explode', async () => {
    const grow: object[] = [node('Shape', ['x'], ['s0'])];
    for (let i = 0; i < 60; i++) {
      grow.push(
        node('Add', [`s${i}`, 'one'], [`p${i}`]),
        node('Max', [`s${i}`, `p${i}`], [`m${i}`]),
        node('Mul', [`m${i}`, `p${i}`], [`s${i + 1}`]),
      );
    }
    grow.push(node('Reshape', ['x', 's60'], ['y']));
    const m = await model(grow, [value('x', ['a', 'b'])], ['y'], { initializer: [ints('one', [1], [1])] });
    expect(m.outputs[0]!.type.shape).toHaveLength(2);
    const pads = ints('pads', [40], new Array(40).fill(1));
    const wide = [node('Pad', ['x', 'pads'], ['t']), node('Reshape', ['t', 'flat'], ['y'])];
    const dims = Array.from({ length: 20 }, (_, i) => `d${i}`);
    const p = await model(wide, [value('x', dims)], ['y'], { initializer: [pads, ints('flat', [1], [-1])] });
    expect(p.outputs[0]!.type.shape).toHaveLength(1);
  });

  it('names what only data decides, the same way every time', async () => {
    const m = await model([node('NonZero', ['x'], ['y'])], [value('x', [3, 4])], ['y']);
    const before = shapes(m);
    expect(before[0]).toMatch(/^2×\?/);
    inferTypes(m.graph);
    expect(m.graph.outputs.map((v) => shapeText(m.graph.value(v).type.shape))).toEqual(before);
  });

  it('takes the branch of If that the shapes decide', async () => {
    const squeeze = { name: 't', node: [node('Squeeze', ['x', 'one'], ['a'])], output: [value('a', [])] };
    const keep = { name: 'e', node: [node('Identity', ['x'], ['b'])], output: [value('b', [])] };
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'one'], ['d']),
      node('Equal', ['d', 'one'], ['c']),
      node('If', ['c'], ['y'], [attr.graph('then_branch', squeeze), attr.graph('else_branch', keep)]),
    ];
    const at = (d: number) => model(nodes, [value('x', [2, d, 3])], ['y'], { initializer: [ints('one', [1], [1])] });
    expect(shapes(await at(1))).toEqual(['2×3']);
    expect(shapes(await at(5))).toEqual(['2×5×3']);
  });
});

describe('older forms become the newest', () => {
  it('also of half-precision operators', async () => {
    const graph = {
      name: 'g',
      node: [node('Clip', ['x'], ['y'], [attr.float('max', 6)])],
      input: [value('x', [2], 10)],
      output: [value('y', [2], 10)],
    };
    const m = await importModel(writeModel(dir, { graph, opset: 10 }));
    const [n] = m.graph.nodes();
    expect(n!.inputs[1]).toBeNull();
    expect(m.graph.value(n!.inputs[2]!).type).toEqual({ dtype: 'float16', shape: [] });
  });

  const ops = (m: Awaited<ReturnType<typeof model>>) => m.graph.topological().map((n) => n.op);

  it('attributes that became inputs', async () => {
    const clip = await model(
      [node('Clip', ['x'], ['y'], [attr.float('min', 0), attr.float('max', 6)])],
      [value('x', [2])],
      ['y'],
      { opset: 9 },
    );
    const [n] = clip.graph.nodes();
    expect(n!.attrs).toEqual({});
    expect(n!.inputs.slice(1).map((v) => literal(clip.graph.value(v!).weight))).toEqual([[0], [6]]);
    const slice = await model(
      [
        node(
          'Slice',
          ['x'],
          ['y'],
          [attr.ints('starts', [1]), attr.ints('ends', [2 ** 31 - 1]), attr.ints('axes', [1])],
        ),
      ],
      [value('x', [2, 5])],
      ['y'],
      { opset: 9 },
    );
    expect(shapes(slice)).toEqual(['2×4']);
    const reduce = await model(
      [node('ReduceMean', ['x'], ['y'], [attr.ints('axes', [-1]), attr.int('keepdims', 0)])],
      [value('x', [2, 5])],
      ['y'],
      { opset: 13 },
    );
    expect(shapes(reduce)).toEqual(['2']);
    expect([...reduce.graph.nodes()][0]!.inputs).toHaveLength(2);
  });

  it('Softmax over a flattened tail', async () => {
    const one = await model([node('Softmax', ['x'], ['y'])], [value('x', [1, 9, 1, 1])], ['y'], { opset: 9 });
    expect([...one.graph.nodes()][0]!.attrs).toEqual({ axis: 1 });
    const two = await model([node('Softmax', ['x'], ['y'])], [value('x', [2, 3, 4])], ['y'], { opset: 11 });
    expect(ops(two)).toEqual(['Flatten', 'Softmax', 'Reshape']);
    expect(new Set(two.graph.topological().flatMap((n) => n.source))).toEqual(new Set(['0']));
    const open = await model([node('Softmax', ['x'], ['y'])], [value('x', ['n', 3, 'w'])], ['y'], { opset: 11 });
    expect(shapes(open)).toEqual(['n×3×w']);
    const newest = await model([node('Softmax', ['x'], ['y'])], [value('x', [2, 3, 4])], ['y'], { opset: 13 });
    expect(ops(newest)).toEqual(['Softmax']);
  });

  it('Upsample and BatchNormalization', async () => {
    const up = await model(
      [node('Upsample', ['x', 's'], ['y'], [attr.string('mode', 'nearest')])],
      [value('x', [1, 2, 3, 3])],
      ['y'],
      {
        opset: 9,
        initializer: [floats('s', [4], [1, 1, 2, 2])],
      },
    );
    expect(ops(up)).toEqual(['Resize']);
    expect(shapes(up)).toEqual(['1×2×6×6']);
    const names = ['s', 'b', 'm', 'v'];
    const bn = await model(
      [node('BatchNormalization', ['x', ...names], ['y', 'a1', 'a2', 'a3', 'a4'])],
      [value('x', [1, 2, 3])],
      ['y'],
      {
        opset: 8,
        initializer: names.map((n) => floats(n, [2], [1, 2])),
      },
    );
    expect([...bn.graph.nodes()][0]!.outputs).toHaveLength(1);
  });

  it('padding by auto_pad is written out', async () => {
    const same = [attr.string('auto_pad', 'SAME_LOWER'), attr.ints('strides', [2, 2])];
    const m = await model([node('Conv', ['x', 'w'], ['y'], same)], [value('x', [1, 1, 5, 6])], ['y'], {
      initializer: [floats('w', [1, 1, 3, 3], new Array(9).fill(1))],
    });
    const [n] = m.graph.nodes();
    expect(n!.attrs).toEqual({ kernel_shape: [3, 3], strides: [2, 2], dilations: [1, 1], pads: [1, 1, 1, 0] });
    expect(shapes(m)).toEqual(['1×1×3×3']);
  });
});

const literal = (w: { kind: string } | undefined): number[] =>
  w?.kind === 'literal' ? toNumbers((w as unknown as { value: Parameters<typeof toNumbers>[0] }).value) : [];

describe('costs', () => {
  it('counts a convolution as multiply-adds', async () => {
    const { graph } = await importModel(sample('tiny-resnet'));
    const conv = [...graph.nodes()].find((n) => n.op === 'Conv')!;
    // 16 × 32 × 32 outputs, each of 3 × 7 × 7 products and sums.
    expect(nodeCost(graph, conv).flops).toBe(16 * 32 * 32 * 3 * 49 * 2);
    expect(nodeCost(graph, conv).bytes).toBe(4 * (3 * 64 * 64 + 16 * 147 + 16 * 32 * 32));
  });
});

describe('a node that stands alone', () => {
  it('is typed, or null', () => {
    const x = { type: { dtype: 'float32', shape: [2, 3] } } as const;
    expect(inferNode({ op: 'Transpose', domain: '', attrs: { perm: [1, 0] } }, [x])?.types).toEqual([
      { dtype: 'float32', shape: [3, 2] },
    ]);
    expect(inferNode({ op: 'Concat', domain: '', attrs: { axis: 7 } }, [x])).toBeNull();
    const sizes = (dtype: 'int16' | 'int64') => ({ type: { dtype, shape: [2] } }) as const;
    expect(inferNode({ op: 'SplitToSequence', domain: '', attrs: {} }, [x, sizes('int64')])).not.toBeNull();
    expect(inferNode({ op: 'SplitToSequence', domain: '', attrs: {} }, [x, sizes('int16')])).toBeNull();
    expect(inferNode({ op: 'Nothing', domain: '', attrs: {} }, [x])).toBeNull();
  });
});
