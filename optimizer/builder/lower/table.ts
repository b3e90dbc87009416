import { type DimExpr, dimAdd, dimMax, evalDim, sameDim } from '../../ir/dim.ts';
import type { Node } from '../../ir/graph.ts';
import { toNumbers } from '../../ir/tensor.ts';
import { BuildError, type LayerAttr } from '../plan.ts';
import { floatAttr, intAttr, intsAttr, type Lowering, staticShape, stringAttr } from './context.ts';
import { windowOf } from './geometry.ts';

/** What one operator becomes when it is one layer. `inputs` are node input indices; the default is all of them. */
export interface TableEntry {
  readonly op: string;
  readonly attrs?: Readonly<Record<string, LayerAttr>>;
  readonly inputs?: readonly number[];
  readonly viewWish?: boolean;
  /** Where a Slice that must be a view begins, if that follows from an open dimension. */
  readonly start?: DimExpr;
}

const float = (x: number): LayerAttr => ({ float: x });
const rankOf = (low: Lowering, node: Node, i = 0): number => low.shape(node.inputs[i]!).length;
const axisOf = (low: Lowering, node: Node, fallback: number, i = 0): number => {
  const rank = rankOf(low, node, i);
  return (intAttr(node, 'axis', fallback) + rank) % Math.max(1, rank);
};

/** Elements of a constant input; an input that is computed at run time is refused by name. */
function constant(low: Lowering, node: Node, index: number, what: string): number[] {
  const literal = low.literal(node.inputs[index]);
  if (!literal) throw new BuildError(`${node.op} "${node.name}": ${what} must be a constant`, node.source);
  return toNumbers(literal);
}

function pool(low: Lowering, node: Node): TableEntry {
  const window = windowOf(node, intsAttr(node, 'kernel_shape')!, low.shape(node.inputs[0]!).slice(2));
  const order = intAttr(node, 'storage_order', 0);
  const attrs = {
    ...window,
    count_include_pad: intAttr(node, 'count_include_pad', 0),
    ...(order === 0 ? {} : { storage_order: order }),
  };
  return { op: node.op, attrs };
}

function pad(low: Lowering, node: Node): TableEntry {
  const rank = rankOf(low, node);
  const given = constant(low, node, 1, 'pads');
  const axes = node.inputs[3] === undefined || node.inputs[3] === null ? null : constant(low, node, 3, 'axes');
  const pads = new Array<number>(2 * rank).fill(0);
  const n = given.length / 2;
  given.forEach((p, i) => {
    const axis = axes ? (axes[i % n]! + rank) % rank : i % n;
    pads[axis + (i >= n ? rank : 0)] = p;
  });
  const value =
    node.inputs[2] === undefined || node.inputs[2] === null ? 0 : constant(low, node, 2, 'the padding value')[0]!;
  return { op: 'Pad', attrs: { pads, mode: stringAttr(node, 'mode', 'constant'), value: float(value) }, inputs: [0] };
}

function slice(low: Lowering, node: Node): TableEntry {
  const dims = low.shape(node.inputs[0]!);
  const rank = dims.length;
  const starts = constant(low, node, 1, 'starts');
  const axes =
    node.inputs[3] === undefined || node.inputs[3] === null ? starts.map((_, i) => i) : constant(low, node, 3, 'axes');
  const steps =
    node.inputs[4] === undefined || node.inputs[4] === null ? starts.map(() => 1) : constant(low, node, 4, 'steps');
  const from = new Array<number>(rank).fill(0);
  let open: DimExpr | undefined;
  const by = new Array<number>(rank).fill(1);
  axes.forEach((a, i) => {
    const axis = (a + rank) % rank;
    const step = steps[i]!;
    const given = starts[i]!;
    const dim = dims[axis]!;
    by[axis] = step;
    // A start counted from the front of a symbolic axis stays valid while the axis is at least that long.
    if (typeof dim === 'number') {
      const s = given < 0 ? given + dim : given;
      from[axis] = step > 0 ? Math.min(Math.max(s, 0), dim) : Math.min(Math.max(s, -1), dim - 1);
    } else if (given >= 0 && step > 0) from[axis] = given;
    else if (axes.length === 1 && step === 1) open = dimMax(0, dimAdd(dim, given));
    else throw new BuildError(`Slice "${node.name}" counts from the end of a dimension that is not fixed`, node.source);
  });
  // Counted from the end of an open dimension: a view whose start follows that.
  if (open !== undefined) {
    const attrs = { starts: from, steps: by, axis: (axes[0]! + rank) % rank };
    return { op: 'Slice', attrs, inputs: [0], viewWish: true, start: open };
  }
  const out = low.shape(node.outputs[0]!);
  const cut = dims.flatMap((d, i) => (by[i] === 1 && sameDim(d, out[i]!) ? [] : [i]));
  // Concat elimination wishes for a view; a part of one axis can be one.
  if (intAttr(node, 'view', 0) === 1 && cut.length === 1 && by[cut[0]!] === 1) {
    return { op: 'Slice', attrs: { starts: from, steps: by, axis: cut[0]! }, inputs: [0], viewWish: true };
  }
  return { op: 'Slice', attrs: { starts: from, steps: by }, inputs: [0] };
}

function split(low: Lowering, node: Node): TableEntry {
  const axis = axisOf(low, node, 0);
  const splits = node.outputs.map((v) => {
    const d = low.shape(v)[axis]!;
    return typeof d === 'number' ? d : evalDim(d, new Map());
  });
  return { op: 'Split', attrs: { axis, splits }, inputs: [0], viewWish: true };
}

function resize(low: Lowering, node: Node): TableEntry {
  const input = low.shape(node.inputs[0]!);
  const axes = intsAttr(node, 'axes') ?? input.map((_, i) => i);
  const scales = new Array<number>(input.length).fill(0);
  const has = (i: number): boolean => node.inputs[i] !== undefined && node.inputs[i] !== null;
  if (has(2)) {
    const given = constant(low, node, 2, 'scales');
    axes.forEach((a, i) => {
      scales[(a + input.length) % input.length] = given[i] ?? 0;
    });
  }
  const crop = stringAttr(node, 'coordinate_transformation_mode', 'half_pixel');
  const roi = crop === 'tf_crop_and_resize' && has(1) ? constant(low, node, 1, 'roi') : [];
  const attrs: Record<string, LayerAttr> = {
    mode: stringAttr(node, 'mode', 'nearest'),
    coordinate_mode: crop,
    nearest_mode: stringAttr(node, 'nearest_mode', 'round_prefer_floor'),
    cubic_coeff: float(floatAttr(node, 'cubic_coeff_a', -0.75)),
    exclude_outside: intAttr(node, 'exclude_outside', 0),
    extrapolation_value: float(floatAttr(node, 'extrapolation_value', 0)),
    scales: { floats: scales },
  };
  if (roi.length > 0) attrs.roi = { floats: roi };
  if (intAttr(node, 'antialias', 0) === 1) attrs.antialias = 1;
  return { op: 'Resize', attrs, inputs: [0] };
}

function detectionOutput(_low: Lowering, node: Node): TableEntry {
  return {
    op: 'DetectionOutput',
    attrs: {
      num_classes: intAttr(node, 'num_classes', 1),
      share_location: intAttr(node, 'share_location', 1),
      background_label_id: intAttr(node, 'background_label_id', 0),
      nms_threshold: float(floatAttr(node, 'nms_threshold', Math.fround(0.3))),
      nms_top_k: intAttr(node, 'nms_top_k', -1),
      eta: float(floatAttr(node, 'eta', 1)),
      code_type: stringAttr(node, 'code_type', 'CORNER'),
      variance_encoded_in_target: intAttr(node, 'variance_encoded_in_target', 0),
      confidence_threshold: float(floatAttr(node, 'confidence_threshold', -3.4028234663852886e38)),
    },
  };
}

function recurrent(low: Lowering, node: Node): TableEntry {
  const attrs: Record<string, LayerAttr> = {
    direction: stringAttr(node, 'direction', 'forward'),
    hidden_size: intAttr(node, 'hidden_size', 0),
    layout: intAttr(node, 'layout', 0),
    linear_before_reset: intAttr(node, 'linear_before_reset', 0),
    input_forget: intAttr(node, 'input_forget', 0),
  };
  if (attrs.hidden_size === 0) attrs.hidden_size = staticShape(low.shape(node.inputs[2]!), node)[2]!;
  if (typeof node.attrs.clip === 'number') attrs.clip = float(node.attrs.clip);
  for (const key of ['activations', 'activation_alpha', 'activation_beta'] as const) {
    const v = node.attrs[key];
    if (Array.isArray(v)) attrs[key] = key === 'activations' ? (v as string[]).join(',') : { floats: v as number[] };
  }
  return { op: node.op, attrs };
}

function cumulative(low: Lowering, node: Node): TableEntry {
  const rank = rankOf(low, node);
  const axis = (constant(low, node, 1, 'the axis')[0]! + rank) % rank;
  return {
    op: node.op,
    attrs: { axis, exclusive: intAttr(node, 'exclusive', 0), reverse: intAttr(node, 'reverse', 0) },
    inputs: [0],
  };
}

const withAxis =
  (op: string, fallback: number, more?: (low: Lowering, node: Node) => Record<string, LayerAttr>) =>
  (low: Lowering, node: Node): TableEntry => ({
    op,
    attrs: { axis: axisOf(low, node, fallback), ...more?.(low, node) },
  });

/** What QuantizeLinear and DequantizeLinear say beside the axis, where it is not the usual. */
const quantizer = (_low: Lowering, node: Node): Record<string, LayerAttr> => ({
  ...(intAttr(node, 'block_size', 0) === 0 ? {} : { block_size: intAttr(node, 'block_size', 0) }),
  ...(intAttr(node, 'saturate', 1) === 1 ? {} : { saturate: 0 }),
});

/** Operators that map to one layer of docs/layers.md. Elementwise ones and compute-heavy ones have files of their own. */
export const TABLE: Readonly<Record<string, (low: Lowering, node: Node) => TableEntry>> = {
  MaxPool: pool,
  AveragePool: pool,
  Pad: pad,
  Slice: slice,
  Split: split,
  Resize: resize,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Softmax: withAxis('Softmax', -1, () => ({ log: 0 })),
  LogSoftmax: withAxis('Softmax', -1, () => ({ log: 1 })),
  Concat: (low, node) => ({ ...withAxis('Concat', 0)(low, node), viewWish: true }),
  Gather: withAxis('Gather', 0),
  GatherElements: withAxis('GatherElements', 0),
  GatherND: (_low, node) => ({ op: 'GatherND', attrs: { batch_dims: intAttr(node, 'batch_dims', 0) } }),
  ScatterElements: withAxis('ScatterElements', 0, (_l, n) => ({ reduction: stringAttr(n, 'reduction', 'none') })),
  ScatterND: (_low, node) => ({ op: 'ScatterND', attrs: { reduction: stringAttr(node, 'reduction', 'none') } }),
  ArgMax: withAxis('ArgMax', 0, (_l, n) => ({
    keepdims: intAttr(n, 'keepdims', 1),
    select_last: intAttr(n, 'select_last_index', 0),
  })),
  ArgMin: withAxis('ArgMin', 0, (_l, n) => ({
    keepdims: intAttr(n, 'keepdims', 1),
    select_last: intAttr(n, 'select_last_index', 0),
  })),
  CumSum: cumulative,
  CumProd: cumulative,
  TopK: withAxis('TopK', -1, (_l, n) => ({ largest: intAttr(n, 'largest', 1), sorted: intAttr(n, 'sorted', 1) })),
  Tile: () => ({ op: 'Tile', inputs: [0] }),
  Range: () => ({ op: 'Range' }),
  OneHot: (low, node) => ({
    op: 'OneHot',
    attrs: { axis: (intAttr(node, 'axis', -1) + rankOf(low, node) + 1) % (rankOf(low, node) + 1) },
  }),
  DepthToSpace: (_low, node) => ({
    op: 'DepthToSpace',
    attrs: { blocksize: intAttr(node, 'blocksize', 1), mode: stringAttr(node, 'mode', 'DCR') },
  }),
  SpaceToDepth: (_low, node) => ({ op: 'SpaceToDepth', attrs: { blocksize: intAttr(node, 'blocksize', 1) } }),
  LRN: (_low, node) => ({
    op: 'LRN',
    attrs: {
      size: intAttr(node, 'size', 1),
      alpha: float(floatAttr(node, 'alpha', 0.0001)),
      beta: float(floatAttr(node, 'beta', 0.75)),
      bias: float(floatAttr(node, 'bias', 1)),
    },
  }),
  InstanceNormalization: (_low, node) => ({
    op: 'InstanceNorm',
    attrs: { epsilon: float(floatAttr(node, 'epsilon', 1e-5)) },
  }),
  GroupNormalization: (_low, node) => ({
    op: 'GroupNorm',
    attrs: { num_groups: intAttr(node, 'num_groups', 1), epsilon: float(floatAttr(node, 'epsilon', 1e-5)) },
  }),
  QuantizeLinear: withAxis('QuantizeLinear', 1, quantizer),
  DequantizeLinear: withAxis('DequantizeLinear', 1, quantizer),
  'caffe.DetectionOutput': detectionOutput,
};
