import { countOf } from '../../../optimizer/ir/tensor.ts';
import { type Dense, dense } from '../tensor.ts';
import { bool, list, num, type Params, type Reference } from './oracle.ts';

const map =
  (f: (v: number, p: Params) => number): Reference =>
  ({ p }, [x]) => [
    dense(
      'float32',
      x!.shape,
      x!.data.map((v) => f(v, p)),
    ),
  ];

const affine = (v: number, p: Params): number => num(p, 'shift', 0) + num(p, 'scale', 1) * v;
const channelOf = (x: Dense, e: number): number => Math.floor(e / countOf(x.shape.slice(2))) % x.shape[1]!;

const eltwise: Reference = ({ p }, xs) => {
  const coeff = list(p, 'coeff');
  const op = (p.operation as string | undefined) ?? 'SUM';
  return [
    dense(
      'float32',
      xs[0]!.shape,
      xs[0]!.data.map((_, e) => {
        const all = xs.map((x, i) => x.data[e]! * (op === 'SUM' ? (coeff[i] ?? 1) : 1));
        return op === 'MAX' ? Math.max(...all) : all.reduce((a, b) => (op === 'PROD' ? a * b : a + b));
      }),
    ),
  ];
};

/** Element of a factor laid along the axes from `axis` on. */
function along(x: Dense, factor: Dense, axis: number, e: number): number {
  const inner = countOf(x.shape.slice(axis + factor.shape.length));
  return factor.data[Math.floor(e / inner) % factor.data.length]!;
}

const scale: Reference = ({ p, blobs }, [x, second]) => {
  const axis = num(p, 'axis', 1);
  const factor = second ?? blobs[0]!;
  const bias = bool(p, 'bias_term', false) ? blobs[second ? 0 : 1] : undefined;
  const y = x!.data.map((v, e) => v * along(x!, factor, axis, e) + (bias ? along(x!, bias, axis, e) : 0));
  return [dense('float32', x!.shape, y)];
};

const bias: Reference = ({ p, blobs }, [x, second]) => {
  const term = second ?? blobs[0]!;
  return [
    dense(
      'float32',
      x!.shape,
      x!.data.map((v, e) => v + along(x!, term, num(p, 'axis', 1), e)),
    ),
  ];
};

/** Groups of elements that share the given key. */
function grouped(x: Dense, key: (e: number) => number): Map<number, number[]> {
  const out = new Map<number, number[]>();
  x.data.forEach((_, e) => {
    const k = key(e);
    const g = out.get(k);
    if (g) g.push(e);
    else out.set(k, [e]);
  });
  return out;
}
const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;

const batchNorm: Reference = ({ p, blobs }, [x]) => {
  const eps = num(p, 'eps', 1e-5);
  if (p.use_global_stats === false) {
    const y = dense('float32', x!.shape);
    for (const g of grouped(x!, (e) => channelOf(x!, e)).values()) {
      const m = mean(g.map((e) => x!.data[e]!));
      const v = mean(g.map((e) => (x!.data[e]! - m) ** 2));
      for (const e of g) y.data[e] = (x!.data[e]! - m) / Math.sqrt(v + eps);
    }
    return [y];
  }
  const factor = blobs[2]!.data[0] === 0 ? 0 : 1 / blobs[2]!.data[0]!;
  const y = x!.data.map((v, e) => {
    const c = channelOf(x!, e);
    return (v - blobs[0]!.data[c]! * factor) / Math.sqrt(blobs[1]!.data[c]! * factor + eps);
  });
  return [dense('float32', x!.shape, y)];
};

const mvn: Reference = ({ p }, [x]) => {
  const across = bool(p, 'across_channels', false);
  const size = countOf(x!.shape.slice(across ? 1 : 2));
  const y = dense('float32', x!.shape);
  for (const g of grouped(x!, (e) => Math.floor(e / size)).values()) {
    const m = mean(g.map((e) => x!.data[e]!));
    const deviation = Math.sqrt(mean(g.map((e) => (x!.data[e]! - m) ** 2))) + num(p, 'eps', 1e-9);
    for (const e of g) y.data[e] = (x!.data[e]! - m) / (bool(p, 'normalize_variance', true) ? deviation : 1);
  }
  return [y];
};

const normalize: Reference = ({ p, blobs }, [x]) => {
  const plane = countOf(x!.shape.slice(2));
  const image = plane * x!.shape[1]!;
  const across = bool(p, 'across_spatial', true);
  const y = dense('float32', x!.shape);
  const key = (e: number): number => Math.floor(e / image) * plane + (across ? 0 : e % plane);
  for (const g of grouped(x!, key).values()) {
    const norm = Math.sqrt(g.reduce((s, e) => s + x!.data[e]! ** 2, 0) + num(p, 'eps', 1e-10));
    for (const e of g)
      y.data[e] = (x!.data[e]! / norm) * blobs[0]!.data[blobs[0]!.data.length > 1 ? channelOf(x!, e) : 0]!;
  }
  return [y];
};

const softmax: Reference = ({ p }, [x]) => {
  const axis = num(p, 'axis', 1);
  const n = x!.shape[axis]!;
  const inner = countOf(x!.shape.slice(axis + 1));
  const y = dense('float32', x!.shape);
  for (const g of grouped(x!, (e) => Math.floor(e / (n * inner)) * inner + (e % inner)).values()) {
    const top = Math.max(...g.map((e) => x!.data[e]!));
    const sum = g.reduce((s, e) => s + Math.exp(x!.data[e]! - top), 0);
    for (const e of g) y.data[e] = Math.exp(x!.data[e]! - top) / sum;
  }
  return [y];
};

export const ELEMENTS: Readonly<Record<string, Reference>> = {
  AbsVal: map(Math.abs),
  BatchNorm: batchNorm,
  Bias: bias,
  BNLL: map((v) => Math.log(1 + Math.exp(v))),
  Clip: map((v, p) => Math.min(Math.max(v, num(p, 'min', 0)), num(p, 'max', 0))),
  ELU: map((v, p) => (v > 0 ? v : num(p, 'alpha', 1) * (Math.exp(v) - 1))),
  Eltwise: eltwise,
  Exp: map((v, p) => (p.base === undefined || p.base === -1 ? Math.E : num(p, 'base', 0)) ** affine(v, p)),
  Log: map(
    (v, p) => Math.log(affine(v, p)) / (p.base === undefined || p.base === -1 ? 1 : Math.log(num(p, 'base', 0))),
  ),
  MVN: mvn,
  Normalize: normalize,
  Power: map((v, p) => affine(v, p) ** num(p, 'power', 1)),
  PReLU: ({ blobs }, [x]) => {
    const slope = (e: number): number => blobs[0]!.data[blobs[0]!.data.length > 1 ? channelOf(x!, e) : 0]!;
    return [
      dense(
        'float32',
        x!.shape,
        x!.data.map((v, e) => (v > 0 ? v : v * slope(e))),
      ),
    ];
  },
  ReLU: map((v, p) => (v > 0 ? v : v * num(p, 'negative_slope', 0))),
  Scale: scale,
  Sigmoid: map((v) => 1 / (1 + Math.exp(-v))),
  Softmax: softmax,
  Swish: map((v, p) => v / (1 + Math.exp(-num(p, 'beta', 1) * v))),
  TanH: map(Math.tanh),
  Threshold: map((v, p) => (v > num(p, 'threshold', 0) ? 1 : 0)),
};
