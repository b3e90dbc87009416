import { describe, expect, it } from 'vitest';
import { importModel } from '../../optimizer/importers/index.ts';
import { shapeText } from '../../optimizer/ir/dim.ts';
import { byteLength } from '../../optimizer/ir/dtype.ts';
import { toNumbers } from '../../optimizer/ir/tensor.ts';
import { attr, floats, node, scratch, value, writeModel } from '../importers/make.ts';

/* Operators and element types of the newest operator sets: what they become, and the shapes that follow. */

const dir = scratch();
const open = (nodes: readonly object[], inputs: readonly object[], outputs: readonly string[], initializer: object[]) =>
  importModel(
    writeModel(dir, {
      graph: { name: 'g', node: nodes, input: inputs, output: outputs.map((o) => value(o, [])), initializer },
      opset: 28,
    }),
  );
type Opened = Awaited<ReturnType<typeof open>>;
const ops = (m: Opened) => [...m.graph.nodes()].map((n) => n.op);
const types = (m: Opened) => m.outputs.map((o) => `${o.type.dtype} ${shapeText(o.type.shape)}`);

describe('operators of opset 27 and 28', () => {
  it('LinearAttention: as many heads as queries have, and the state of each head of keys', async () => {
    const heads = [attr.int('q_num_heads', 4), attr.int('kv_num_heads', 2), attr.string('update_rule', 'linear')];
    const inputs = [value('q', ['n', 't', 12]), value('k', ['n', 't', 6]), value('v', ['n', 't', 10])];
    const m = await open([node('LinearAttention', ['q', 'k', 'v'], ['y', 's'], heads)], inputs, ['y', 's'], []);
    expect(types(m)).toEqual(['float32 n×t×20', 'float32 n×2×3×5']);
  });

  it('CausalConvWithState: the past before x, and the last positions after it', async () => {
    const w = floats('w', [3, 1, 4], new Array<number>(12).fill(1));
    const inputs = [value('x', [2, 3, 5]), value('past', [2, 3, 3])];
    const at = [attr.string('activation', 'silu')];
    const m = await open(
      [node('CausalConvWithState', ['x', 'w', '', 'past'], ['y', 'present'], at)],
      inputs,
      ['y', 'present'],
      [w],
    );
    expect(types(m)).toEqual(['float32 2×3×5', 'float32 2×3×3']);
    expect(ops(m)).toEqual(expect.arrayContaining(['Concat', 'Slice', 'Conv', 'Sigmoid', 'Mul']));
  });

  it('SpaceToDepth in the order CRD is the usual one with its channels in another order', async () => {
    const attrs = [attr.int('blocksize', 2), attr.string('mode', 'CRD')];
    const m = await open([node('SpaceToDepth', ['x'], ['y'], attrs)], [value('x', [1, 2, 4, 6])], ['y'], []);
    expect(types(m)).toEqual(['float32 1×8×2×3']);
    expect(ops(m).sort()).toEqual(['Gather', 'SpaceToDepth']);
    const gather = [...m.graph.nodes()].find((n) => n.op === 'Gather')!;
    const order = m.graph.value(gather.inputs[1]!).weight!;
    expect(order.kind === 'literal' && toNumbers(order.value)).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
  });
});

describe('element types below 8 bits', () => {
  it('are read by their numbers and packed', async () => {
    for (const [code, name] of [
      [23, 'float4e2m1'],
      [24, 'float8e8m0'],
      [25, 'uint2'],
      [26, 'int2'],
    ] as const) {
      const m = await open([node('Cast', ['x'], ['y'], [attr.int('to', code)])], [value('x', [3, 3])], ['y'], []);
      expect(types(m)).toEqual([`${name} 3×3`]);
    }
    expect([byteLength('float4e2m1', 9), byteLength('int2', 9), byteLength('float8e8m0', 9)]).toEqual([5, 3, 9]);
  });
});
