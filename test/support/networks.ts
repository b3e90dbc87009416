import type { Graph, ValueId } from '../../optimizer/ir/graph.ts';
import { Build } from './build.ts';

/* Topologies of the networks that targets.md measures, at any size; weights are made up. */

export function resnet(blocks: readonly number[], width: number, image: number): Graph {
  const b = new Build();
  const cbr = (x: ValueId, out: number, k: number, stride = 1, relu = true): ValueId => {
    const y = b.batchNorm(b.conv(x, out, k, { stride, bias: false }));
    return relu ? b.relu(y) : y;
  };
  let x = b.pool('MaxPool', cbr(b.input('image', [1, 3, image, image]), width, 7, 2), 3, 2, 1);
  let out = width * 4;
  blocks.forEach((n, stage) => {
    for (let i = 0; i < n; i++) {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const mid = out / 4;
      const y = cbr(cbr(cbr(x, mid, 1), mid, 3, stride), out, 1, 1, false);
      const shortcut = i === 0 ? cbr(x, out, 1, stride, false) : x;
      x = b.relu(b.node('Add', [y, shortcut]));
    }
    out *= 2;
  });
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [x])], { axis: 1 });
  return b.output(b.gemm(flat, out / 2, 10), 'logits').done();
}
export const resnet50 = (): Graph => resnet([3, 4, 6, 3], 64, 224);

type Module = readonly [one: number, reduce3: number, three: number, reduce5: number, five: number, pool: number];
const INCEPTION: readonly (Module | 'pool')[] = [
  [64, 96, 128, 16, 32, 32],
  [128, 128, 192, 32, 96, 64],
  'pool',
  [192, 96, 208, 16, 48, 64],
  [160, 112, 224, 24, 64, 64],
  [128, 128, 256, 24, 64, 64],
  [112, 144, 288, 32, 64, 64],
  [256, 160, 320, 32, 128, 128],
  'pool',
  [256, 160, 320, 32, 128, 128],
  [384, 192, 384, 48, 128, 128],
];

export function inceptionModule(b: Build, x: ValueId, [one, r3, three, r5, five, pool]: Module): ValueId {
  const cr = (v: ValueId, out: number, k: number): ValueId => b.relu(b.conv(v, out, k));
  const parts = [cr(x, one, 1), cr(cr(x, r3, 1), three, 3), cr(cr(x, r5, 1), five, 5)];
  return b.node('Concat', [...parts, cr(b.pool('MaxPool', x, 3, 1, 1), pool, 1)], { axis: 1 });
}

export function googlenet(): Graph {
  const b = new Build();
  const cr = (v: ValueId, out: number, k: number, stride = 1): ValueId => b.relu(b.conv(v, out, k, { stride }));
  const lrn = (v: ValueId): ValueId => b.node('LRN', [v], { size: 5, alpha: 0.0001, beta: 0.75, bias: 1 });
  let x = lrn(b.pool('MaxPool', cr(b.input('image', [1, 3, 224, 224]), 64, 7, 2), 3, 2, 0, 1));
  x = b.pool('MaxPool', lrn(cr(cr(x, 64, 1), 192, 3)), 3, 2, 0, 1);
  for (const m of INCEPTION) x = m === 'pool' ? b.pool('MaxPool', x, 3, 2, 0, 1) : inceptionModule(b, x, m);
  x = b.node('Dropout', [b.pool('AveragePool', x, 7, 1)]);
  const fc = b.gemm(b.node('Reshape', [x, b.ints(1, 1024)]), 1024, 1000);
  return b.output(b.node('Softmax', [fc], { axis: 1 }), 'prob').done();
}

export function mobilenetV2(): Graph {
  const b = new Build();
  const unit = (x: ValueId, out: number, k: number, stride: number, group: number, act: boolean): ValueId => {
    const y = b.batchNorm(b.conv(x, out, k, { stride, group, bias: false }));
    return act ? b.node('Clip', [y, b.scalar(0), b.scalar(6)]) : y;
  };
  let x = unit(b.input('image', [1, 3, 224, 224]), 32, 3, 2, 1, true);
  let c = 32;
  for (const [t, out, n, s] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const) {
    for (let i = 0; i < n; i++) {
      const stride = i === 0 ? s : 1;
      const wide = c * t;
      const up = t === 1 ? x : unit(x, wide, 1, 1, 1, true);
      const y = unit(unit(up, wide, 3, stride, wide, true), out, 1, 1, 1, false);
      x = stride === 1 && c === out ? b.node('Add', [x, y]) : y;
      c = out;
    }
  }
  x = unit(x, 1280, 1, 1, 1, true);
  const mean = b.node('ReduceMean', [x, b.ints(2, 3)], { keepdims: 0 });
  return b.output(b.gemm(mean, 1280, 1000), 'logits').done();
}

export function vgg16(): Graph {
  const b = new Build();
  let x = b.input('image', [1, 3, 224, 224]);
  for (const [c, n] of [
    [64, 2],
    [128, 2],
    [256, 3],
    [512, 3],
    [512, 3],
  ] as const) {
    for (let i = 0; i < n; i++) x = b.relu(b.conv(x, c, 3));
    x = b.pool('MaxPool', x, 2, 2);
  }
  x = b.node('Flatten', [x], { axis: 1 });
  x = b.node('Dropout', [b.relu(b.gemm(x, 25088, 4096))]);
  x = b.node('Dropout', [b.relu(b.gemm(x, 4096, 4096))]);
  return b.output(b.gemm(x, 4096, 1000), 'logits').done();
}

export interface BertSize {
  readonly layers: number;
  readonly tokens: number;
  readonly heads: number;
  readonly depth: number;
  readonly vocabulary: number;
  /** With an attention_mask input. */
  readonly masked: boolean;
}
export const BERT_BASE: BertSize = { layers: 12, tokens: 128, heads: 12, depth: 64, vocabulary: 30522, masked: false };

/** As PyTorch exports it: LayerNorm and GELU decomposed, heads by Reshape and Transpose, an additive mask. */
export function bert({ layers, tokens, heads, depth, vocabulary, masked }: BertSize): Graph {
  const b = new Build();
  const h = heads * depth;
  const ids = b.input('input_ids', [1, tokens], 'int64');
  const mask = masked ? b.input('attention_mask', [1, tokens], 'int64') : null;
  const norm = (x: ValueId): ValueId => {
    const d = b.node('Sub', [x, b.node('ReduceMean', [x, b.ints(-1)], { keepdims: 1 })]);
    const v = b.node('ReduceMean', [b.node('Pow', [d, b.scalar(2)]), b.ints(-1)], { keepdims: 1 });
    const y = b.node('Div', [d, b.node('Sqrt', [b.node('Add', [v, b.scalar(1e-12)])])]);
    return b.node('Add', [b.node('Mul', [y, b.weight([h], 0.2, 1)]), b.weight([h])]);
  };
  const split = (x: ValueId, perm: readonly number[]): ValueId =>
    b.node('Transpose', [b.node('Reshape', [x, b.ints(0, 0, heads, depth)])], { perm: [...perm] });
  const words = b.node('Gather', [b.weight([vocabulary, h], 0.2), ids], { axis: 0 });
  let x = norm(b.node('Add', [words, b.weight([1, tokens, h], 0.1)]));
  const wide = mask === null ? null : b.node('Cast', [b.node('Unsqueeze', [mask, b.ints(1, 2)])], { to: 1 });
  const bias = wide === null ? null : b.node('Mul', [b.node('Sub', [b.scalar(1), wide]), b.scalar(-10000)]);
  for (let i = 0; i < layers; i++) {
    const q = split(b.linear(x, h, h), [0, 2, 1, 3]);
    const k = split(b.linear(x, h, h), [0, 2, 3, 1]);
    const v = split(b.linear(x, h, h), [0, 2, 1, 3]);
    const scores = b.node('Div', [b.node('MatMul', [q, k]), b.scalar(Math.sqrt(depth))]);
    const p = b.node('Softmax', [bias === null ? scores : b.node('Add', [scores, bias])], { axis: -1 });
    const joined = b.node('Transpose', [b.node('MatMul', [p, v])], { perm: [0, 2, 1, 3] });
    const o = b.linear(b.node('Reshape', [joined, b.ints(0, 0, h)]), h, h);
    x = norm(b.node('Add', [o, x]));
    const up = b.linear(x, h, 4 * h);
    const erf = b.node('Add', [b.node('Erf', [b.node('Div', [up, b.scalar(Math.SQRT2)])]), b.scalar(1)]);
    const gelu = b.node('Mul', [b.node('Mul', [up, erf]), b.scalar(0.5)]);
    x = norm(b.node('Add', [b.linear(gelu, 4 * h, h), x]));
  }
  return b.output(x, 'last_hidden_state').done();
}
