import type { ValueId } from '../../../ir/graph.ts';
import { reshapeWeight, transposeWeight } from '../../../ir/weights.ts';
import { type Emitter, Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, NodeContext, OpTable } from '../node.ts';
import { activate } from './elementwise.ts';
import { batchNormalize } from './normalization.ts';
import { fromFirst, type Layout, layoutOf, paddingOf, spatialOf, toFirst, windowed } from './window.ts';

/** A constant stays a constant when its axes are moved; anything else gets a Transpose. */
export function movedAxes(e: Emitter, v: ValueId, perm: readonly number[]): ValueId {
  const { weight, name } = e.graph.value(v);
  return weight ? e.weight(transposeWeight(weight, perm), name) : e.transpose(v, perm);
}

function reshaped(e: Emitter, v: ValueId, dims: readonly number[]): ValueId {
  const { weight, name } = e.graph.value(v);
  return weight ? e.weight(reshapeWeight(weight, dims), name) : e.reshape(v, dims);
}

/** Filters [k…, in, out] as [out, in, k…]. */
const filters = (c: NodeContext, rank: number): ValueId => {
  const k = rank - 2;
  return movedAxes(c.e, c.in(1), [k + 1, k, ...Array.from({ length: k }, (_, i) => i)]);
};

function fixed(c: NodeContext, i: number): readonly number[] {
  return c.e.lengths(c.in(i));
}

/** Convolution on channels-first data, not yet moved back. */
function convolve(c: NodeContext, l: Layout): ValueId {
  const w = fixed(c, 1);
  const channels = c.shape()[l.last ? l.rank - 1 : 1];
  const perGroup = w[l.rank - 2]!;
  const group = typeof channels === 'number' ? channels / perGroup : 1;
  return windowed(c.e, 'Conv', [toFirst(c.e, c.in(0), l), filters(c, l.rank)], {
    kernel_shape: w.slice(0, l.rank - 2),
    strides: spatialOf(c.ints('strides'), l, 1),
    dilations: spatialOf(c.ints('dilations'), l, 1),
    group,
    ...paddingOf(c, l),
  });
}

const conv: ConvertNode = (c) => {
  const l = layoutOf(c, c.rank());
  return [fromFirst(c.e, convolve(c, l), l)];
};

/** Filters [kh, kw, in, multiplier]: every channel has `multiplier` of its own. */
function convolveDepthwise(c: NodeContext, l: Layout): ValueId {
  const [kh, kw, channels, multiplier] = fixed(c, 1) as [number, number, number, number];
  const w = reshaped(c.e, movedAxes(c.e, c.in(1), [2, 3, 0, 1]), [channels * multiplier, 1, kh, kw]);
  return windowed(c.e, 'Conv', [toFirst(c.e, c.in(0), l), w], {
    kernel_shape: [kh, kw],
    strides: spatialOf(c.ints('strides'), l, 1),
    dilations: spatialOf(c.ints('dilations'), l, 1),
    group: channels,
    ...paddingOf(c, l),
  });
}

const depthwise: ConvertNode = (c) => {
  const l = layoutOf(c, c.rank());
  return [fromFirst(c.e, convolveDepthwise(c, l), l)];
};

/** The gradient of a convolution is the transposed convolution: input_sizes, filters [k…, out, in], data. */
const transposed: ConvertNode = (c) => {
  const rank = c.rank(2);
  const l = layoutOf(c, rank);
  const w = fixed(c, 1);
  const kernel = w.slice(0, rank - 2);
  const strides = spatialOf(c.ints('strides'), l, 1);
  const dilations = spatialOf(c.ints('dilations'), l, 1);
  const x = spatialOf(
    c.e.shape(c.in(2)).map((d) => (typeof d === 'number' ? d : -1)),
    l,
    1,
  );
  const sizes = c.contents(0);
  const scheme = c.text('padding', 'VALID');
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const wanted =
    sizes &&
    spatialOf(
      sizes.map((d) => (typeof d === 'number' ? d : -1)),
      l,
      -1,
    );
  const given = paddingOf(c, l).pads as readonly number[] | undefined;
  const begins: number[] = [];
  const ends: number[] = [];
  const extra: number[] = [];
  kernel.forEach((_, i) => {
    const s = strides[i]!;
    const natural = x[i]! < 0 ? -1 : s * (x[i]! - 1) + reach[i]!;
    // An open size follows from the scheme: SAME multiplies by the stride.
    const open = natural < 0 || !wanted || wanted[i]! < 0;
    const over = open ? (scheme === 'SAME' ? reach[i]! - s : Math.min(0, reach[i]! - s)) : natural - wanted[i]!;
    const total = given ? given[i]! + given[kernel.length + i]! : scheme === 'SAME' ? Math.max(0, over) : 0;
    begins.push(given ? given[i]! : Math.floor(total / 2));
    ends.push(total - begins[i]!);
    extra.push(Math.max(0, total - over));
  });
  const filter = movedAxes(c.e, c.in(1), [rank - 1, rank - 2, ...kernel.map((_, i) => i)]);
  const y = c.e.node('ConvTranspose', [toFirst(c.e, c.in(2), l), filter], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [...begins, ...ends],
    output_padding: extra,
    group: 1,
  });
  return [fromFirst(c.e, y, l)];
};

/** Convolution, then what `fused_ops` lists: a bias or a batch normalization, and an activation. */
const fused =
  (convolution: (c: NodeContext, l: Layout) => ValueId): ConvertNode =>
  (c) => {
    const l = layoutOf(c, c.rank());
    let y = fromFirst(c.e, convolution(c, l), l);
    let next = 2;
    for (const op of c.texts('fused_ops')) {
      if (op === 'BiasAdd') {
        const bias = c.in(next++);
        const n = fixed(c, next - 1)[0]!;
        y = c.e.node('Add', [y, l.last ? bias : c.e.reshape(bias, [n, ...new Array<number>(l.rank - 2).fill(1)])]);
      } else if (op === 'FusedBatchNorm') {
        const params = [c.in(next), c.in(next + 1), c.in(next + 2), c.in(next + 3)] as const;
        next += 4;
        y = batchNormalize(c.e, y, params, c.float('epsilon', 1e-4), l);
      } else y = activate(c, op, y, op === 'Prelu' ? c.in(next++) : null);
    }
    return [y];
  };

const fusedMatMul: ConvertNode = (c) => {
  if (c.bool('transpose_a')) throw new Unconvertible('transposes its first operand in a fused form');
  const b = c.bool('transpose_b') ? movedAxes(c.e, c.in(1), [1, 0]) : c.in(1);
  let y = c.e.node('MatMul', [c.in(0), b]);
  let next = 2;
  for (const op of c.texts('fused_ops')) {
    if (op === 'BiasAdd') y = c.e.node('Add', [y, c.in(next++)]);
    else y = activate(c, op, y, op === 'Prelu' ? c.in(next++) : null);
  }
  return [y];
};

export const CONVOLUTION: OpTable = {
  Conv2D: conv,
  Conv2DBackpropInput: transposed,
  Conv3D: conv,
  Conv3DBackpropInputV2: transposed,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: fused(convolveDepthwise),
  _FusedConv2D: fused(convolve),
  _FusedDepthwiseConv2dNative: fused(convolveDepthwise),
  _FusedMatMul: fusedMatMul,
};
