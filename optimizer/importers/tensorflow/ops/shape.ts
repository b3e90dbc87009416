import type { DimExpr } from '../../../ir/dim.ts';
import type { ValueId } from '../../../ir/graph.ts';
import { Unconvertible } from '../../common/emitter.ts';
import { type ConvertNode, cast, type NodeContext, type OpTable } from '../node.ts';

/** Integers that describe shapes are int32 unless the operator says otherwise. */
const sized = (c: NodeContext, v: ValueId): ValueId => cast(c.e, v, c.type('out_type') ?? 'int32');

const shape: ConvertNode = (c) => c.all.map((x) => sized(c, c.e.node('Shape', [x])));

const rank: ConvertNode = (c) => [c.e.scalar(c.rank(), 'int32')];

const size: ConvertNode = (c) => [sized(c, c.e.node('Size', [c.in(0)]))];

/** One open length may stay open; more of them are computed at run time. */
const reshape: ConvertNode = (c) => {
  const target = c.contents(1);
  if (!target) return [c.e.node('Reshape', [c.in(0), c.int64(1)], { allowzero: 1 })];
  const x = c.e.type(c.in(0)).shape;
  const open = target.filter((d) => typeof d !== 'number' || d === -1).length;
  if (open > 1 || target.includes(0)) {
    const copied = target.map((d, i): DimExpr => (typeof d === 'string' && x?.[i] === d ? 0 : d));
    if (copied.every((d) => typeof d === 'number') && !target.includes(0))
      return [c.e.reshape(c.in(0), copied as number[])];
    return [c.e.node('Reshape', [c.in(0), c.int64(1)], { allowzero: 1 })];
  }
  return [
    c.e.reshape(
      c.in(0),
      target.map((d) => (typeof d === 'number' ? d : -1)),
    ),
  ];
};

const squeeze: ConvertNode = (c) => {
  const given = [...c.ints('squeeze_dims'), ...c.ints('axis')];
  const axes =
    given.length > 0 ? given.map((a) => c.axis(a, c.rank())) : c.shape().flatMap((d, i) => (d === 1 ? [i] : []));
  return [axes.length === 0 ? c.e.node('Identity', [c.in(0)]) : c.e.node('Squeeze', [c.in(0), c.e.ints(...axes)])];
};

const expandDims: ConvertNode = (c) => {
  const axis = c.known(1, 'its axis')[0]!;
  return [c.e.node('Unsqueeze', [c.in(0), c.e.ints(axis < 0 ? axis + c.rank() + 1 : axis)])];
};

const transpose: ConvertNode = (c) => {
  const perm = c.known(1, 'its permutation').map((a) => c.axis(a, c.rank()));
  return [perm.every((p, i) => p === i) ? c.e.node('Identity', [c.in(0)]) : c.e.node('Transpose', [c.in(0)], { perm })];
};

/** Empty operands contribute nothing; a rank of one at the axis is enough. */
const concatOf = (c: NodeContext, parts: readonly ValueId[], axis: number): ValueId =>
  parts.length === 1 ? c.e.node('Identity', parts) : c.e.node('Concat', parts, { axis });

const concatV2: ConvertNode = (c) => {
  const parts = c.all.slice(0, -1);
  return [concatOf(c, parts, c.axis(c.known(c.count - 1, 'its axis')[0]!, c.rank(0)))];
};
const concat: ConvertNode = (c) => [concatOf(c, c.all.slice(1), c.axis(c.known(0, 'its axis')[0]!, c.rank(1)))];

const pack: ConvertNode = (c) => {
  const given = c.int('axis', 0);
  const axis = given < 0 ? given + c.rank() + 1 : given;
  return [
    concatOf(
      c,
      c.all.map((x) => c.e.node('Unsqueeze', [x, c.e.ints(axis)])),
      axis,
    ),
  ];
};

const unpack: ConvertNode = (c) => {
  const n = c.int('num', 0);
  const axis = c.axis(c.int('axis', 0), c.rank());
  const parts =
    n === 1 ? [c.in(0)] : c.e.nodes('Split', [c.in(0), c.e.ints(...new Array<number>(n).fill(1))], { axis }, n);
  return parts.map((p) => c.e.node('Squeeze', [p, c.e.ints(axis)]));
};

function splitOf(c: NodeContext, x: number, axis: number, sizes: readonly number[]): readonly ValueId[] {
  if (sizes.length === 1) return [c.e.node('Identity', [c.in(x)])];
  return c.e.nodes('Split', [c.in(x), c.e.ints(...sizes)], { axis }, sizes.length);
}

const split: ConvertNode = (c) => {
  const n = c.int('num_split', 1);
  const axis = c.axis(c.known(0, 'its axis')[0]!, c.rank(1));
  const d = c.shape(1)[axis];
  if (typeof d !== 'number') throw new Unconvertible(`splits dimension ${axis}, whose size is not known`);
  return splitOf(c, 1, axis, new Array<number>(n).fill(d / n));
};

const splitV: ConvertNode = (c) => {
  const sizes = c.known(1, 'its sizes');
  const axis = c.axis(c.known(2, 'its axis')[0]!, c.rank());
  const rest = c.shape()[axis];
  const known = sizes.filter((s) => s >= 0).reduce((a, b) => a + b, 0);
  if (sizes.includes(-1) && typeof rest !== 'number') throw new Unconvertible('splits a dimension of unknown size');
  return splitOf(
    c,
    0,
    axis,
    sizes.map((s) => (s < 0 ? (rest as number) - known : s)),
  );
};

const tile: ConvertNode = (c) => [c.e.node('Tile', [c.in(0), c.int64(1)])];

const MODES: Readonly<Record<string, string>> = { REFLECT: 'reflect', SYMMETRIC: 'edge' };
const pad: ConvertNode = (c) => {
  const list = c.known(1, 'its paddings');
  const pads = [...list.filter((_, i) => i % 2 === 0), ...list.filter((_, i) => i % 2 === 1)];
  const mode = c.text('mode', '');
  // A border of one that repeats the edge is the symmetric one.
  if (mode === 'SYMMETRIC' && pads.some((p) => p > 1))
    throw new Unconvertible('mirrors more than one row at the border');
  const value = c.node.op === 'PadV2' ? [c.in(2)] : [];
  return [c.e.node('Pad', [c.in(0), c.e.ints(...pads), ...value], { mode: MODES[mode] ?? 'constant' })];
};

const fill: ConvertNode = (c) => [c.e.node('Expand', [c.in(1), c.int64(0)])];
const broadcastTo: ConvertNode = (c) => [c.e.node('Expand', [c.in(0), c.int64(1)])];

const filledLike =
  (x: number): ConvertNode =>
  (c) => [c.e.node('Expand', [c.e.scalar(x, c.dtype()), c.e.node('Shape', [c.in(0)])])];

/**
 * Random numbers only serve dropout in an inference graph; the least of their range, 0, makes it keep everything where
 * the rate is 0 (or the keeping probability 1).
 */
const random: ConvertNode = (c) => {
  c.e.notes.add(
    'The graph draws random numbers for dropout; 0 stands in their place, which keeps everything at a keeping probability of 1.',
  );
  return [c.e.node('Expand', [c.e.scalar(0, c.type('dtype') ?? 'float32'), c.int64(0)])];
};

const range: ConvertNode = (c) => [c.e.node('Range', c.all)];

/** Along an axis; with batch dimensions when they reach up to the axis. */
const gatherV2: ConvertNode = (c) => {
  const axis = c.count > 2 ? c.axis(c.known(2, 'its axis')[0]!, c.rank()) : 0;
  const batch = c.int('batch_dims', 0);
  if (batch === 0) return [c.e.node('Gather', [c.in(0), c.in(1)], { axis })];
  if (batch !== axis) throw new Unconvertible('gathers with batch dimensions before its axis');
  const places = c.e.node('Unsqueeze', [cast(c.e, c.in(1), 'int64'), c.e.ints(c.rank(1))]);
  return [c.e.node('GatherND', [c.in(0), places], { batch_dims: batch })];
};
const gatherNd: ConvertNode = (c) => [c.e.node('GatherND', [c.in(0), cast(c.e, c.in(1), 'int64')], { batch_dims: 0 })];

/** Places of what is not zero, one row each. */
const where: ConvertNode = (c) => [c.e.node('Transpose', [c.e.node('NonZero', [c.in(0)])], { perm: [1, 0] })];

/** Boxes are corners y1, x1, y2, x2 in both; our operator knows batches and classes, of which there is one here. */
const nonMaxSuppression: ConvertNode = (c) => {
  const boxes = c.e.node('Unsqueeze', [c.in(0), c.e.ints(0)]);
  const scores = c.e.node('Unsqueeze', [c.in(1), c.e.ints(0, 1)]);
  const limits = [3, 4].flatMap((i) => (i < c.count ? [c.e.node('Unsqueeze', [c.in(i), c.e.ints(0)])] : []));
  const most = c.e.node('Unsqueeze', [c.int64(2), c.e.ints(0)]);
  const found = c.e.node('NonMaxSuppression', [boxes, scores, most, ...limits], { center_point_box: 0 });
  return [cast(c.e, c.e.node('Squeeze', [c.e.slice(found, 1, 2, 3), c.e.ints(1)]), 'int32')];
};

/** Zeros, and the updates added in their places. */
const scatterNd: ConvertNode = (c) => {
  const zeros = c.e.node('Expand', [c.e.scalar(0, c.dtype(1)), c.int64(2)]);
  return [c.e.node('ScatterND', [zeros, cast(c.e, c.in(0), 'int64'), c.in(1)], { reduction: 'add' })];
};

const oneHot: ConvertNode = (c) => {
  const values = c.e.node(
    'Concat',
    [c.in(3), c.in(2)].map((v) => c.e.node('Unsqueeze', [v, c.e.ints(0)])),
    { axis: 0 },
  );
  return [c.e.node('OneHot', [c.in(0), c.int64(1), values], { axis: c.int('axis', -1) })];
};

const reverse: ConvertNode = (c) => {
  const given = c.known(1, 'its axes');
  const axes =
    c.node.op === 'Reverse' ? given.flatMap((on, i) => (on ? [i] : [])) : given.map((a) => c.axis(a, c.rank()));
  if (axes.length === 0) return [c.e.node('Identity', [c.in(0)])];
  const all = (x: number): ValueId => c.e.ints(...axes.map(() => x));
  return [c.e.node('Slice', [c.in(0), all(-1), all(-(2 ** 31)), c.e.ints(...axes), all(-1)])];
};

const cumsum: ConvertNode = (c) => {
  const axis = c.e.scalar(c.axis(c.known(1, 'its axis')[0]!, c.rank()), 'int64');
  const attrs = { exclusive: c.bool('exclusive') ? 1 : 0, reverse: c.bool('reverse') ? 1 : 0 };
  return [c.e.node('CumSum', [c.in(0), axis], attrs)];
};

/** Blocks of pixels to channels and back, in the order of channels-last data. */
const blocks =
  (op: string): ConvertNode =>
  (c) => {
    const last = c.text('data_format', 'NHWC') === 'NHWC';
    if (c.text('data_format', 'NHWC') === 'NCHW_VECT_C') throw new Unconvertible('has channels in vectors');
    const x = last ? c.e.transpose(c.in(0), [0, 3, 1, 2]) : c.in(0);
    const y = c.e.node(op, [x], {
      blocksize: c.int('block_size', 1),
      ...(op === 'DepthToSpace' ? { mode: 'DCR' } : {}),
    });
    return [last ? c.e.transpose(y, [0, 2, 3, 1]) : y];
  };

/** Cuts space into blocks that become samples (what dilated convolutions once were made of). */
const spaceToBatch: ConvertNode = (c) => {
  const block = c.known(1, 'its blocks');
  const pads = c.known(2, 'its paddings');
  const m = block.length;
  const rest = new Array<number>(c.rank() - 1 - m).fill(0);
  const [before, after] = [0, 1].map((k) => [0, ...block.map((_, i) => pads[2 * i + k]!), ...rest]) as [
    number[],
    number[],
  ];
  const padded = pads.some((p) => p > 0)
    ? c.e.node('Pad', [c.in(0), c.e.ints(...before, ...after)], { mode: 'constant' })
    : c.in(0);
  const s = c.e.lengths(padded);
  const split = [s[0]!, ...block.flatMap((b, i) => [s[i + 1]! / b, b]), ...s.slice(1 + m)];
  const perm = [
    ...block.map((_, i) => 2 + 2 * i),
    0,
    ...block.map((_, i) => 1 + 2 * i),
    ...s.slice(1 + m).map((_, i) => 1 + 2 * m + i),
  ];
  const product = block.reduce((a, b) => a * b, 1);
  const out = [s[0]! * product, ...block.map((b, i) => s[i + 1]! / b), ...s.slice(1 + m)];
  return [c.e.reshape(c.e.transpose(c.e.reshape(padded, split), perm), out)];
};

const batchToSpace: ConvertNode = (c) => {
  const block = c.known(1, 'its blocks');
  const crops = c.known(2, 'its crops');
  const m = block.length;
  const s = c.e.lengths(c.in(0));
  const product = block.reduce((a, b) => a * b, 1);
  const split = [...block, s[0]! / product, ...s.slice(1)];
  const perm = [m, ...block.flatMap((_, i) => [m + 1 + i, i]), ...s.slice(1 + m).map((_, i) => 2 * m + 1 + i)];
  const full = [s[0]! / product, ...block.map((b, i) => s[i + 1]! * b), ...s.slice(1 + m)];
  const y = c.e.reshape(c.e.transpose(c.e.reshape(c.in(0), split), perm), full);
  if (crops.every((p) => p === 0)) return [y];
  const starts = block.map((_, i) => crops[2 * i]!);
  const ends = block.map((_, i) => full[i + 1]! - crops[2 * i + 1]!);
  return [c.e.node('Slice', [y, c.e.ints(...starts), c.e.ints(...ends), c.e.ints(...block.map((_, i) => i + 1))])];
};

const slice: ConvertNode = (c) => {
  const begin = c.known(1, 'where it begins');
  const sizes = c.known(2, 'its sizes');
  const ends = begin.map((b, i) => (sizes[i]! < 0 ? 2 ** 31 - 1 : b + sizes[i]!));
  return [c.e.node('Slice', [c.in(0), c.e.ints(...begin), c.e.ints(...ends), c.e.ints(...begin.map((_, i) => i))])];
};

export const SHAPE: OpTable = {
  BatchToSpaceND: batchToSpace,
  BroadcastTo: broadcastTo,
  Concat: concat,
  ConcatV2: concatV2,
  Cumsum: cumsum,
  DepthToSpace: blocks('DepthToSpace'),
  ExpandDims: expandDims,
  Fill: fill,
  Gather: gatherV2,
  GatherNd: gatherNd,
  GatherV2: gatherV2,
  MirrorPad: pad,
  NonMaxSuppressionV2: nonMaxSuppression,
  NonMaxSuppressionV3: nonMaxSuppression,
  OneHot: oneHot,
  OnesLike: filledLike(1),
  Pack: pack,
  Pad: pad,
  PadV2: pad,
  RandomUniform: random,
  Range: range,
  Rank: rank,
  Reshape: reshape,
  Reverse: reverse,
  ReverseV2: reverse,
  ScatterNd: scatterNd,
  Shape: shape,
  ShapeN: shape,
  Size: size,
  Slice: slice,
  SpaceToBatchND: spaceToBatch,
  SpaceToDepth: blocks('SpaceToDepth'),
  Split: split,
  SplitV: splitV,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
  Where: where,
  ZerosLike: filledLike(0),
};
