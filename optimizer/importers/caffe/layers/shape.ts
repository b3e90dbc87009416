import type { DimExpr } from '../../../ir/dim.ts';
import type { ValueId } from '../../../ir/graph.ts';
import { ImportError } from '../../error.ts';
import { int } from '../../onnx/messages.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';
import type { BlobShape } from '../messages.ts';

const identity: ConvertLayer = (c) => c.layer.top.map(() => c.e.node('Identity', [c.bottom()]));

const concat: ConvertLayer = (c) => {
  const p = c.settings('concat_param');
  const axis = c.axis((Object.hasOwn(p, 'concat_dim') ? p.concat_dim : p.axis) as number);
  return [c.bottoms.length === 1 ? c.e.node('Identity', [c.bottom()]) : c.e.node('Concat', c.bottoms, { axis })];
};

const slice: ConvertLayer = (c) => {
  const p = c.settings('slice_param');
  const axis = c.axis((Object.hasOwn(p, 'slice_dim') ? p.slice_dim : p.axis) as number);
  const size = c.length(axis);
  const tops = c.layer.top.length;
  const points = p.slice_point as readonly number[];
  if (points.length === 0 && size % tops !== 0)
    throw new ImportError('bad-shape', `${c.label} cannot cut ${size} into ${tops} equal parts.`);
  const ends = points.length > 0 ? [...points, size] : c.layer.top.map((_, i) => ((i + 1) * size) / tops);
  const sizes = ends.map((end, i) => end - (ends[i - 1] ?? 0));
  if (sizes.length !== tops || sizes.some((s) => s <= 0))
    throw new ImportError(
      'bad-shape',
      `${c.label} has slice points ${points.join(', ')} for ${tops} tops along ${size}.`,
    );
  if (tops === 1) return [c.e.node('Identity', [c.bottom()])];
  return c.e.nodes('Split', [c.bottom(), c.e.ints(...sizes)], { axis }, tops);
};

/** Lengths for Reshape: known ones as they are, 0 copies; at most one other dimension may be open. */
const target = (c: LayerContext, dims: readonly DimExpr[]): ValueId =>
  c.e.reshape(
    c.bottom(),
    dims.map((d) => (typeof d === 'number' ? d : -1)),
  );

const flatten: ConvertLayer = (c) => {
  const p = c.settings('flatten_param');
  const shape = c.shape();
  const from = c.axis(p.axis as number);
  const to = c.axis(p.end_axis as number);
  if (to === shape.length - 1 && from === 1) return [c.e.node('Flatten', [c.bottom()], { axis: 1 })];
  if (to < from)
    throw new ImportError('invalid-operator', `${c.label} ends at axis ${to}, before it begins at ${from}.`);
  const kept = shape.slice(0, from).map((): DimExpr => 0);
  return [target(c, [...kept, -1, ...shape.slice(to + 1)])];
};

const reshape: ConvertLayer = (c) => {
  const p = c.settings('reshape_param');
  const shape = c.shape();
  const wanted = ((p.shape as BlobShape | null)?.dim ?? []).map(int);
  const start = c.axis((p.axis as number) < 0 ? (p.axis as number) + shape.length + 1 : (p.axis as number), true);
  const end = (p.num_axes as number) < 0 ? shape.length : start + (p.num_axes as number);
  // 0 copies the dimension at the same place of the part that is reshaped.
  const middle = wanted.map((d, i) => (d === 0 ? shape[start + i]! : d));
  const head = shape.slice(0, start).map((d): DimExpr => (typeof d === 'number' ? d : 0));
  return [
    target(c, [
      ...head,
      ...middle.map((d, i) => (typeof d === 'string' && start + i < shape.length && wanted[i] === 0 ? 0 : d)),
      ...shape.slice(end),
    ]),
  ];
};

const permute: ConvertLayer = (c) => {
  const order = c.settings('permute_param').order as readonly number[];
  const rest = c.shape().flatMap((_, i) => (order.includes(i) ? [] : [i]));
  return [c.e.node('Transpose', [c.bottom()], { perm: [...order, ...rest] })];
};

/** Cuts the first bottom to the size of the second, from an axis on. */
const crop: ConvertLayer = (c) => {
  const p = c.settings('crop_param');
  const axis = c.axis(p.axis as number);
  const rank = c.shape().length;
  const given = p.offset as readonly number[];
  const cut = rank - axis;
  if (given.length > 1 && given.length !== cut)
    throw new ImportError('invalid-operator', `${c.label} gives ${given.length} offsets for ${cut} dimensions.`);
  const starts = Array.from({ length: cut }, (_, i) => (given.length === 1 ? given[0]! : (given[i] ?? 0)));
  const ends = starts.map((s, i) => s + c.length(axis + i, 1));
  ends.forEach((end, i) => {
    if (end > c.length(axis + i))
      throw new ImportError(
        'bad-shape',
        `${c.label} cuts beyond dimension ${axis + i}, which is ${c.length(axis + i)} long.`,
      );
  });
  const axes = starts.map((_, i) => axis + i);
  return [c.e.node('Slice', [c.bottom(), c.e.ints(...starts), c.e.ints(...ends), c.e.ints(...axes)])];
};

const tile: ConvertLayer = (c) => {
  const p = c.settings('tile_param');
  const axis = c.axis(p.axis as number);
  return [c.e.node('Tile', [c.bottom(), c.e.ints(...c.shape().map((_, i) => (i === axis ? (p.tiles as number) : 1)))])];
};

/** Indices come out as floats; with out_max_val the maxima too, or alone where an axis is given. */
const argMax: ConvertLayer = (c) => {
  const p = c.settings('argmax_param');
  const k = p.top_k as number;
  const hasAxis = Object.hasOwn(p, 'axis');
  const axis = hasAxis ? c.axis(p.axis as number) : 1;
  const x = hasAxis || c.shape().length === 2 ? c.bottom() : c.e.node('Flatten', [c.bottom()], { axis: 1 });
  const [values, indices] = c.e.nodes('TopK', [x, c.e.ints(k)], { axis, largest: 1, sorted: 1 }, 2);
  if (hasAxis && p.out_max_val === true) return [values!];
  const places = c.e.node('Cast', [indices!], { to: 1 });
  if (hasAxis) return [places];
  const planes = [places, ...(p.out_max_val === true ? [values!] : [])].map((v) => c.e.reshape(v, [0, 1, k]));
  return [planes.length === 1 ? planes[0]! : c.e.node('Concat', planes, { axis: 1 })];
};

export const SHAPE: LayerTable = {
  ArgMax: argMax,
  Concat: concat,
  Crop: crop,
  Dropout: identity,
  Flatten: flatten,
  Permute: permute,
  Reshape: reshape,
  Slice: slice,
  Split: identity,
  Tile: tile,
};
