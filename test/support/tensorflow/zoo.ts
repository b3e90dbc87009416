import { attr, INT32, TfGraph, window } from './graph.ts';

/* Frozen graphs in the shape of well-known networks, small enough for a test. Each has an input "x" and an output "y". */

/** Stem, mixed blocks with parallel branches (1×1, factorized 5×5 and 7×7, pooling), as Inception V3 has them. */
export function inception(): TfGraph {
  const g = new TfGraph(31);
  const unit = (x: string, k: readonly [number, number, number, number], stride = 1, padding = 'SAME'): string =>
    g.relu(g.batchNorm(g.conv(x, k, stride, padding), k[3]));
  let x = unit(g.placeholder('x', [1, 75, 75, 3]), [3, 3, 3, 8], 2, 'VALID');
  x = unit(unit(x, [3, 3, 8, 8], 1, 'VALID'), [3, 3, 8, 16]);
  x = g.pool('MaxPool', x, 3, 2, 'VALID');
  x = unit(x, [3, 3, 16, 24], 1, 'VALID');
  let c = 24;
  for (let i = 0; i < 2; i++) {
    const five = unit(unit(x, [1, 1, c, 8]), [5, 5, 8, 12]);
    const three = unit(unit(unit(x, [1, 1, c, 8]), [3, 3, 8, 12]), [3, 3, 12, 12]);
    const pooled = unit(g.pool('AvgPool', x, 3, 1), [1, 1, c, 8]);
    x = g.concat([unit(x, [1, 1, c, 8]), five, three, pooled], 3);
    c = 40;
  }
  x = g.concat([unit(x, [3, 3, c, 16], 2, 'VALID'), g.pool('MaxPool', x, 3, 2, 'VALID')], 3);
  c = 56;
  const seven = unit(unit(unit(x, [1, 1, c, 8]), [1, 7, 8, 8]), [7, 1, 8, 16]);
  x = g.concat([unit(x, [1, 1, c, 16]), seven], -1);
  x = g.mean(x, [1, 2]);
  return g.output(g.node('Softmax', [g.matmul(x, 32, 20)]), 'y');
}

/** Bottleneck blocks with explicit padding before strided convolutions, as Keras' ResNet has them. */
export function resnet(): TfGraph {
  const g = new TfGraph(32);
  const unit = (x: string, k: readonly [number, number, number, number], stride = 1, padding = 'SAME'): string =>
    g.batchNorm(g.bias(g.conv(x, k, stride, padding), k[3]), k[3]);
  const pad = (x: string, n: number): string =>
    g.node('Pad', [x, g.constant([4, 2], [0, 0, n, n, n, n, 0, 0], INT32)], { Tpaddings: attr.type(INT32) });
  let x = g.relu(unit(pad(g.placeholder('x', [1, 64, 64, 3]), 3), [7, 7, 3, 16], 2, 'VALID'));
  x = g.pool('MaxPool', pad(x, 1), 3, 2, 'VALID');
  let c = 16;
  [2, 2, 2].forEach((blocks, stage) => {
    const mid = 8 * 2 ** stage;
    for (let b = 0; b < blocks; b++) {
      const stride = b === 0 && stage > 0 ? 2 : 1;
      const short = b === 0 ? unit(x, [1, 1, c, 4 * mid], stride, 'VALID') : x;
      let y = g.relu(unit(x, [1, 1, c, mid], stride, 'VALID'));
      y = unit(g.relu(unit(y, [3, 3, mid, mid])), [1, 1, mid, 4 * mid], 1, 'VALID');
      x = g.relu(g.node('AddV2', [short, y]));
      c = 4 * mid;
    }
  });
  return g.output(g.node('Softmax', [g.matmul(g.mean(x, [1, 2]), c, 20)]), 'y');
}

/** Inverted residuals: expansion, depthwise convolution, linear projection; a batch whose size is left open. */
export function mobilenet(): TfGraph {
  const g = new TfGraph(33);
  const relu6 = (x: string): string => g.node('Relu6', [x]);
  const depthwise = (x: string, c: number, stride: number): string =>
    g.node('DepthwiseConv2dNative', [x, g.weight([3, 3, c, 1], 0.8)], window([1, stride, stride, 1], 'SAME'));
  let x = relu6(g.batchNorm(g.conv(g.placeholder('x', [-1, 48, 48, 3]), [3, 3, 3, 16], 2), 16, 'FusedBatchNorm'));
  let c = 16;
  for (const [m, stride] of [
    [8, 1],
    [12, 2],
    [12, 1],
    [16, 2],
    [16, 1],
  ] as const) {
    const wide = c * 4;
    let y = relu6(g.batchNorm(g.conv(x, [1, 1, c, wide]), wide, 'FusedBatchNorm'));
    y = relu6(g.batchNorm(depthwise(y, wide, stride), wide, 'FusedBatchNorm'));
    y = g.batchNorm(g.conv(y, [1, 1, wide, m]), m, 'FusedBatchNorm');
    x = stride === 1 && m === c ? g.node('Add', [x, y]) : y;
    c = m;
  }
  x = relu6(g.batchNorm(g.conv(x, [1, 1, c, 64]), 64, 'FusedBatchNorm'));
  // Flattened by the batch size that the graph reads from its input.
  const pooled = g.mean(x, [1, 2], true);
  const shape = g.node('Shape', [pooled], { out_type: attr.type(INT32) });
  const masks = { begin_mask: 0, end_mask: 0, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 1 };
  const batch = g.node('StridedSlice', [shape, g.ints(0), g.ints(1), g.ints(1)], {
    T: attr.type(INT32),
    Index: attr.type(INT32),
    ...Object.fromEntries(Object.entries(masks).map(([k, v]) => [k, attr.int(v)])),
  });
  const target = g.node('Pack', [batch, g.int(64)], { T: attr.type(INT32), N: attr.int(2), axis: attr.int(0) });
  const flat = g.node('Reshape', [pooled, target], { Tshape: attr.type(INT32) });
  return g.output(g.node('Softmax', [g.matmul(flat, 64, 20)]), 'y');
}

/** Embeddings, attention with a mask, layer normalization by its parts, GELU by its parts, as BERT's graphs have them. */
export function bert(): TfGraph {
  const g = new TfGraph(34);
  const [batch, tokens, depth, heads] = [2, 12, 32, 4];
  const ids = g.placeholder('x', [batch, tokens], INT32);
  const gather = (table: string, index: string): string =>
    g.node('GatherV2', [table, index, g.int(0)], {
      Tparams: attr.type(1),
      Tindices: attr.type(INT32),
      Taxis: attr.type(INT32),
      batch_dims: attr.int(0),
    });
  const binary = (op: string, a: string, b: string): string => g.node(op, [a, b]);
  const norm = (x: string): string => {
    const mean = g.mean(x, [-1], true);
    const variance = g.mean(binary('SquaredDifference', x, mean), [-1], true);
    const scale = binary(
      'Mul',
      g.node('Rsqrt', [binary('AddV2', variance, g.scalar(1e-6))]),
      g.weight([depth], 0.2, 1),
    );
    const shift = binary('Sub', g.weight([depth], 0.1), binary('Mul', mean, scale));
    return binary('AddV2', binary('Mul', x, scale), shift);
  };
  const gelu = (x: string): string => {
    const cubic = binary('Mul', g.scalar(0.044715), binary('Pow', x, g.scalar(3)));
    const tanh = g.node('Tanh', [binary('Mul', g.scalar(Math.sqrt(2 / Math.PI)), binary('AddV2', x, cubic))]);
    return binary('Mul', x, binary('Mul', g.scalar(0.5), binary('AddV2', tanh, g.scalar(1))));
  };
  const multiply = (a: string, b: string, adjoint = false): string =>
    g.node('BatchMatMulV2', [a, b], { adj_x: attr.bool(false), adj_y: attr.bool(adjoint) });
  // Padding tokens (number 0) are masked.
  const real = g.node('Cast', [g.node('NotEqual', [ids, g.int(0)], { T: attr.type(INT32) })], {
    SrcT: attr.type(10),
    DstT: attr.type(1),
  });
  const masked = binary('Mul', binary('Sub', g.scalar(1), g.reshape(real, batch, 1, 1, tokens)), g.scalar(-10000));
  let x = binary('AddV2', gather(g.weight([40, depth], 1), ids), g.weight([1, tokens, depth], 0.3));
  x = norm(x);
  const dense = (v: string, k: number, n: number): string =>
    g.reshape(g.matmul(g.reshape(v, batch * tokens, k), k, n), batch, tokens, n);
  const split = (v: string): string => g.transpose(g.reshape(v, batch, tokens, heads, depth / heads), 0, 2, 1, 3);
  for (let layer = 0; layer < 2; layer++) {
    const [q, k, v] = [0, 1, 2].map(() => split(dense(x, depth, depth))) as [string, string, string];
    const scores = binary('Mul', multiply(q, k, true), g.scalar(1 / Math.sqrt(depth / heads)));
    const weights = g.node('Softmax', [binary('AddV2', scores, masked)]);
    const mixed = g.reshape(g.transpose(multiply(weights, v), 0, 2, 1, 3), batch, tokens, depth);
    x = norm(binary('AddV2', x, dense(mixed, depth, depth)));
    x = norm(binary('AddV2', x, dense(gelu(dense(x, depth, 64)), 64, depth)));
  }
  const first = g.node('Slice', [x, g.ints(0, 0, 0), g.ints(-1, 1, -1)], { Index: attr.type(INT32) });
  const pooled = g.node('Tanh', [g.matmul(g.node('Squeeze', [first], { squeeze_dims: attr.ints([1]) }), depth, depth)]);
  return g.output(g.node('Softmax', [g.matmul(pooled, depth, 3)]), 'y');
}
