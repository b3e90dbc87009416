import type { ValueId } from '../ir/graph.ts';
import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';
import { OpError } from './op.ts';

/** Inputs after x [batch, tokens, width] and the weights [width, q + k + v]. */
const [BIAS, MASK, PAST, SCORES] = [2, 3, 4, 5];

/**
 * ONNX Runtime's self-attention: queries, keys and values from one product, heads apart, softmax of the scaled products with a
 * mask [batch, tokens] of zeros and ones and an addend of the scores, and the heads side by side.
 */
export default composed(
  {
    domain: 'com.microsoft',
    op: 'Attention',
    category: 'matrix',
    since: [1],
    attrs: {
      num_heads: { type: 'int', required: true },
      unidirectional: { type: 'int', default: 0 },
      scale: { type: 'float', default: 0 },
      mask_filter_value: { type: 'float', default: -10000 },
      qkv_hidden_sizes: { type: 'ints' },
      do_rotary: { type: 'int', default: 0 },
      rotary_embedding_dim: { type: 'int', default: 0 },
      past_present_share_buffer: { type: 'int', default: 0 },
    },
    inputs: [2, 7],
    outputs: [1, 2],
  },
  (c) => {
    if (c.has(PAST) || c.node.outputs[1] !== undefined)
      throw new OpError('keeps keys and values of earlier calls, which is not supported');
    if (c.attr('unidirectional') === 1 || c.attr('do_rotary') === 1)
      throw new OpError('is causal or turns its queries by place, which is not supported');
    const columns = c.dims(1)?.[1];
    if (typeof columns !== 'number') throw new OpError('needs weights of fixed size');
    const heads = c.attr('num_heads');
    const sizes = (c.node.attrs.qkv_hidden_sizes as number[] | undefined) ?? [columns / 3, columns / 3, columns / 3];
    const [q = 0, k = 0, v = 0] = sizes;
    if (q + k + v !== columns || q !== k || q % heads !== 0 || v % heads !== 0)
      throw new OpError(`has ${heads} heads over ${sizes.join(', ')} of ${columns} columns`);
    const dtype = c.dtype(0);
    const product = c.op('MatMul', [c.input(0), c.input(1)]);
    const all = c.has(BIAS) ? c.op('Add', [product, c.input(BIAS)]) : product;
    const part = (from: number, size: number, perm: number[]): ValueId => {
      const columnsOf = c.op('Slice', [all, c.ints([from]), c.ints([from + size]), c.ints([2])]);
      return c.op('Transpose', [c.op('Reshape', [columnsOf, c.ints([0, 0, heads, size / heads])])], { perm });
    };
    const scale = c.attr('scale') || 1 / Math.sqrt(q / heads);
    const products = c.op('MatMul', [part(0, q, [0, 2, 1, 3]), part(q, k, [0, 2, 3, 1])]);
    let scores = c.op('Mul', [products, c.scalar(dtype, scale)]);
    if (c.has(MASK)) {
      if (c.rank(MASK) !== 2) throw new OpError('has a mask that is not one number a token');
      const open = c.op('Cast', [c.op('Unsqueeze', [c.input(MASK), c.ints([1, 2])])], { to: codeOfDtype(dtype) });
      const closed = c.op('Sub', [c.scalar(dtype, 1), open]);
      scores = c.op('Add', [scores, c.op('Mul', [closed, c.scalar(dtype, c.attr('mask_filter_value'))])]);
    }
    if (c.has(SCORES)) scores = c.op('Add', [scores, c.input(SCORES)]);
    const mixed = c.op('MatMul', [c.op('Softmax', [scores], { axis: -1 }), part(q + k, v, [0, 2, 1, 3])]);
    c.finish('Reshape', [c.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), c.ints([0, 0, v])]);
  },
);
