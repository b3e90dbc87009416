import type { Node } from '../../optimizer/ir/graph.ts';
import { countOf, type TensorLiteral, toNumbers } from '../../optimizer/ir/tensor.ts';
import { broadcastShape, type Dense, dense, eachIndex, offsetIn, stridesOf } from './tensor.ts';

/* Textbook forms of the operators, straight from the ONNX standard, for comparing graphs before and after passes. */

type Ins = readonly (Dense | null)[];
type Op = (n: Node, x: Ins) => Dense | readonly Dense[];

const num = (n: Node, name: string, or: number): number => (typeof n.attrs[name] === 'number' ? n.attrs[name] : or);
const ints = (n: Node, name: string): number[] | null =>
  Array.isArray(n.attrs[name]) ? [...(n.attrs[name] as number[])] : null;
const list = (t: Dense | null | undefined): number[] | null => (t ? [...t.data] : null);
const axis = (a: number, rank: number): number => (a < 0 ? a + rank : a);

const map =
  (f: (x: number, n: Node) => number): Op =>
  (n, [x]) =>
    dense(
      x!.dtype,
      x!.shape,
      x!.data.map((v) => f(v, n)),
    );

const zip =
  (f: (a: number, b: number, c: number) => number, dtype?: 'bool'): Op =>
  (_n, x) => {
    const ts = x.filter((t): t is Dense => t !== null);
    const shape = broadcastShape(...ts.map((t) => t.shape));
    const strides = ts.map((t) => stridesOf(t.shape));
    const out = dense(dtype ?? ts[ts.length - 1]!.dtype, shape);
    eachIndex(shape, (index, flat) => {
      const [a, b, c] = ts.map((t, i) => t.data[offsetIn(t, index, strides[i]!)]!);
      out.data[flat] = f(a!, b!, c!);
    });
    return out;
  };

function erf(x: number): number {
  // Series and continued fraction, to full double precision for the arguments met here.
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  let term = a;
  let sum = a;
  for (let k = 1; k < 200; k++) {
    term *= (-a * a) / k;
    sum += term / (2 * k + 1);
    if (Math.abs(term) < 1e-20) break;
  }
  return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
}

function conv(n: Node, [x, w, b]: Ins): Dense {
  const k = w!.shape.slice(2);
  const nd = k.length;
  const strides = ints(n, 'strides') ?? k.map(() => 1);
  const dil = ints(n, 'dilations') ?? k.map(() => 1);
  const pads = ints(n, 'pads') ?? new Array<number>(2 * nd).fill(0);
  const group = num(n, 'group', 1);
  const [N, C, ...S] = x!.shape as [number, number, ...number[]];
  const M = w!.shape[0]!;
  const out = S.map((s, i) => Math.floor((s + pads[i]! + pads[i + nd]! - (k[i]! - 1) * dil[i]! - 1) / strides[i]!) + 1);
  const y = dense(x!.dtype, [N, M, ...out]);
  const xs = stridesOf(x!.shape);
  const ws = stridesOf(w!.shape);
  const cg = C / group;
  eachIndex(y.shape, (at, flat) => {
    const m = at[1]!;
    const g = Math.floor(m / (M / group));
    let sum = b ? b.data[m]! : 0;
    eachIndex([cg, ...k], (r, rf) => {
      let from = at[0]! * xs[0]! + (g * cg + r[0]!) * xs[1]!;
      for (let i = 0; i < nd; i++) {
        const p = at[i + 2]! * strides[i]! - pads[i]! + r[i + 1]! * dil[i]!;
        if (p < 0 || p >= S[i]!) return;
        from += p * xs[i + 2]!;
      }
      sum += x!.data[from]! * w!.data[m * ws[0]! + rf]!;
    });
    y.data[flat] = sum;
  });
  return y;
}

function convTranspose(n: Node, [x, w, b]: Ins): Dense {
  const k = w!.shape.slice(2);
  const nd = k.length;
  const strides = ints(n, 'strides') ?? k.map(() => 1);
  const pads = ints(n, 'pads') ?? new Array<number>(2 * nd).fill(0);
  const group = num(n, 'group', 1);
  const [N, C, ...S] = x!.shape as [number, number, ...number[]];
  const mg = w!.shape[1]!;
  const out = S.map((s, i) => (s - 1) * strides[i]! + k[i]! - pads[i]! - pads[i + nd]!);
  const y = dense(x!.dtype, [N, mg * group, ...out]);
  const ys = stridesOf(y.shape);
  const ws = stridesOf(w!.shape);
  if (b) eachIndex(y.shape, (at, flat) => void (y.data[flat] = b.data[at[1]!]!));
  eachIndex(x!.shape, (at, flat) => {
    const g = Math.floor(at[1]! / (C / group));
    eachIndex([mg, ...k], (r, rf) => {
      let to = at[0]! * ys[0]! + (g * mg + r[0]!) * ys[1]!;
      for (let i = 0; i < nd; i++) {
        const p = at[i + 2]! * strides[i]! - pads[i]! + r[i + 1]!;
        if (p < 0 || p >= out[i]!) return;
        to += p * ys[i + 2]!;
      }
      y.data[to]! += x!.data[flat]! * w!.data[at[1]! * ws[0]! + rf]!;
    });
  });
  return y;
}

function pool(n: Node, [x]: Ins): Dense {
  const k = ints(n, 'kernel_shape')!;
  const nd = k.length;
  const strides = ints(n, 'strides') ?? k.map(() => 1);
  const pads = ints(n, 'pads') ?? new Array<number>(2 * nd).fill(0);
  const ceil = num(n, 'ceil_mode', 0) === 1;
  const counts = num(n, 'count_include_pad', 0) === 1;
  const [N, C, ...S] = x!.shape as [number, number, ...number[]];
  const out = S.map((s, i) => {
    const q = (s + pads[i]! + pads[i + nd]! - k[i]!) / strides[i]!;
    let o = (ceil ? Math.ceil(q) : Math.floor(q)) + 1;
    if (ceil && (o - 1) * strides[i]! >= s + pads[i]!) o--;
    return o;
  });
  const y = dense(x!.dtype, [N, C, ...out]);
  const xs = stridesOf(x!.shape);
  eachIndex(y.shape, (at, flat) => {
    let sum = 0;
    let max = -Infinity;
    let count = 0;
    let padded = 0;
    eachIndex(k, (r) => {
      let from = at[0]! * xs[0]! + at[1]! * xs[1]!;
      let inside = true;
      for (let i = 0; i < nd; i++) {
        const p = at[i + 2]! * strides[i]! - pads[i]! + r[i]!;
        if (p < -pads[i]! || p >= S[i]! + pads[i + nd]!) return;
        if (p < 0 || p >= S[i]!) inside = false;
        from += p * xs[i + 2]!;
      }
      padded++;
      if (!inside) return;
      count++;
      sum += x!.data[from]!;
      max = Math.max(max, x!.data[from]!);
    });
    y.data[flat] = n.op === 'MaxPool' ? max : sum / (counts ? padded : count);
  });
  return y;
}

function matmul(a: Dense, b: Dense): Dense {
  const p = a.shape.length === 1 ? dense(a.dtype, [1, ...a.shape], a.data) : a;
  const q = b.shape.length === 1 ? dense(b.dtype, [...b.shape, 1], b.data) : b;
  const batch = broadcastShape(p.shape.slice(0, -2), q.shape.slice(0, -2));
  const [m, k] = p.shape.slice(-2) as [number, number];
  const n = q.shape.at(-1)!;
  const y = dense(a.dtype, [...batch, m, n]);
  const pb = dense(a.dtype, p.shape.slice(0, -2), new Float64Array(countOf(p.shape.slice(0, -2))));
  const qb = dense(a.dtype, q.shape.slice(0, -2), new Float64Array(countOf(q.shape.slice(0, -2))));
  eachIndex(batch, (at, flat) => {
    const pa = offsetIn(pb, at, stridesOf(pb.shape)) * m * k;
    const qa = offsetIn(qb, at, stridesOf(qb.shape)) * k * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) sum += p.data[pa + i * k + l]! * q.data[qa + l * n + j]!;
        y.data[flat * m * n + i * n + j] = sum;
      }
    }
  });
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  return { ...y, shape };
}

const swap = (t: Dense): Dense => transpose(t, [1, 0]);

function gemm(n: Node, [a, b, c]: Ins): Dense {
  const p = matmul(num(n, 'transA', 0) ? swap(a!) : a!, num(n, 'transB', 0) ? swap(b!) : b!);
  const alpha = num(n, 'alpha', 1);
  const beta = num(n, 'beta', 1);
  const scaled = dense(
    p.dtype,
    p.shape,
    p.data.map((v) => v * alpha),
  );
  return c ? (zip((x, y) => x + beta * y)(n, [scaled, c]) as Dense) : scaled;
}

export function transpose(x: Dense, perm: readonly number[]): Dense {
  const y = dense(
    x.dtype,
    perm.map((p) => x.shape[p]!),
  );
  const xs = stridesOf(x.shape);
  eachIndex(y.shape, (at, flat) => {
    let from = 0;
    perm.forEach((p, i) => (from += at[i]! * xs[p]!));
    y.data[flat] = x.data[from]!;
  });
  return y;
}

function reduce(x: Dense, axes: readonly number[], keep: boolean, f: (values: number[]) => number): Dense {
  const groups = new Map<number, number[]>();
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const ks = stridesOf(kept);
  eachIndex(x.shape, (at, flat) => {
    let to = 0;
    at.forEach((v, i) => (to += axes.includes(i) ? 0 : v * ks[i]!));
    if (!groups.has(to)) groups.set(to, []);
    groups.get(to)!.push(x.data[flat]!);
  });
  const out = dense(x.dtype, keep ? kept : x.shape.filter((_, i) => !axes.includes(i)));
  for (const [to, values] of groups) out.data[to] = f(values);
  return out;
}

const sum = (v: number[]): number => v.reduce((a, b) => a + b, 0);
const reducer =
  (f: (values: number[]) => number): Op =>
  (n, [x, a]) => {
    const given = list(a) ?? ints(n, 'axes') ?? [];
    const axes = given.length > 0 ? given.map((i) => axis(i, x!.shape.length)) : x!.shape.map((_, i) => i);
    return reduce(x!, axes, num(n, 'keepdims', 1) === 1, f);
  };

function softmax(n: Node, [x]: Ins): Dense {
  const a = axis(num(n, 'axis', -1), x!.shape.length);
  const max = reduce(x!, [a], true, (v) => Math.max(...v));
  const e = zip((p, q) => Math.exp(p - q))(n, [x!, max]) as Dense;
  const total = reduce(e, [a], true, sum);
  const log = n.op === 'LogSoftmax';
  return zip((p, q) => (log ? Math.log(p / q) : p / q))(n, [e, total]) as Dense;
}

function layerNorm(n: Node, [x, s, b]: Ins): Dense {
  const from = axis(num(n, 'axis', -1), x!.shape.length);
  const axes = x!.shape.map((_, i) => i).slice(from);
  const mean = reduce(x!, axes, true, (v) => sum(v) / v.length);
  const d = zip((p, q) => p - q)(n, [x!, mean]) as Dense;
  const variance = reduce(
    dense(
      d.dtype,
      d.shape,
      d.data.map((v) => v * v),
    ),
    axes,
    true,
    (v) => sum(v) / v.length,
  );
  const eps = num(n, 'epsilon', 1e-5);
  const y = zip((p, q, r) => (p / Math.sqrt(q + eps)) * r)(n, [d, variance, s!]) as Dense;
  return b ? (zip((p, q) => p + q)(n, [y, b]) as Dense) : y;
}

function slice(n: Node, [x, starts, ends, axes, steps]: Ins): Dense {
  const rank = x!.shape.length;
  const from = new Array<number>(rank).fill(0);
  const step = new Array<number>(rank).fill(1);
  const shape = [...x!.shape];
  const a = list(axes) ?? list(starts)!.map((_, i) => i);
  a.forEach((ax, i) => {
    const at = axis(ax, rank);
    const d = x!.shape[at]!;
    const by = list(steps)?.[i] ?? 1;
    const clamp = (v: number): number => (by > 0 ? Math.min(Math.max(v, 0), d) : Math.min(Math.max(v, -1), d - 1));
    const s = clamp(list(starts)![i]! < 0 ? list(starts)![i]! + d : list(starts)![i]!);
    const e = clamp(list(ends)![i]! < 0 ? list(ends)![i]! + d : list(ends)![i]!);
    from[at] = s;
    step[at] = by;
    shape[at] = Math.max(0, Math.ceil((e - s) / by));
  });
  const y = dense(x!.dtype, shape);
  const xs = stridesOf(x!.shape);
  eachIndex(shape, (at, flat) => {
    let o = 0;
    at.forEach((v, i) => (o += (from[i]! + v * step[i]!) * xs[i]!));
    y.data[flat] = x!.data[o]!;
  });
  void n;
  return y;
}

function split(n: Node, [x, sizes]: Ins): Dense[] {
  const a = axis(num(n, 'axis', 0), x!.shape.length);
  const parts = list(sizes) ?? n.outputs.map(() => x!.shape[a]! / n.outputs.length);
  let at = 0;
  return parts.map((p) => {
    const begin = dense('int64', [1], [at]);
    at += p;
    return slice(n, [x!, begin, dense('int64', [1], [at]), dense('int64', [1], [a])]);
  });
}

function concat(n: Node, x: Ins): Dense {
  const ts = x as Dense[];
  const a = axis(num(n, 'axis', 0), ts[0]!.shape.length);
  const shape = ts[0]!.shape.map((d, i) => (i === a ? sum(ts.map((t) => t.shape[a]!)) : d));
  const y = dense(ts[0]!.dtype, shape);
  const ys = stridesOf(shape);
  let begin = 0;
  for (const t of ts) {
    eachIndex(t.shape, (at, flat) => {
      let to = 0;
      at.forEach((v, i) => (to += (v + (i === a ? begin : 0)) * ys[i]!));
      y.data[to] = t.data[flat]!;
    });
    begin += t.shape[a]!;
  }
  return y;
}

function pad(n: Node, [x, pads, value, axes]: Ins): Dense {
  const rank = x!.shape.length;
  const given = list(pads)!;
  const a = list(axes)?.map((i) => axis(i, rank)) ?? x!.shape.map((_, i) => i);
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  a.forEach((ax, i) => {
    begin[ax] = given[i]!;
    end[ax] = given[i + a.length]!;
  });
  const y = dense(
    x!.dtype,
    x!.shape.map((d, i) => d + begin[i]! + end[i]!),
  );
  const xs = stridesOf(x!.shape);
  const mode = n.attrs.mode ?? 'constant';
  eachIndex(y.shape, (at, flat) => {
    let from = 0;
    let inside = true;
    at.forEach((v, i) => {
      let p = v - begin[i]!;
      const d = x!.shape[i]!;
      if (p < 0 || p >= d) {
        if (mode === 'edge') p = Math.min(Math.max(p, 0), d - 1);
        else if (mode === 'reflect') p = p < 0 ? -p : 2 * (d - 1) - p;
        else inside = false;
      }
      from += p * xs[i]!;
    });
    y.data[flat] = inside ? x!.data[from]! : (value?.data[0] ?? 0);
  });
  return y;
}

function reshape(n: Node, [x, target]: Ins): Dense {
  const shape = list(target)!.map((d, i) => (d === 0 ? x!.shape[i]! : d));
  const open = shape.indexOf(-1);
  if (open >= 0) shape[open] = x!.data.length / shape.filter((d) => d !== -1).reduce((a, b) => a * b, 1);
  void n;
  return { ...x!, shape };
}

function gather(n: Node, [x, indices]: Ins): Dense {
  const a = axis(num(n, 'axis', 0), x!.shape.length);
  const shape = [...x!.shape.slice(0, a), ...indices!.shape, ...x!.shape.slice(a + 1)];
  const y = dense(x!.dtype, shape);
  const xs = stridesOf(x!.shape);
  const is = stridesOf(indices!.shape);
  const r = indices!.shape.length;
  eachIndex(shape, (at, flat) => {
    let i = 0;
    for (let k = 0; k < r; k++) i += at[a + k]! * is[k]!;
    const index = indices!.data[i]!;
    let from = (index < 0 ? index + x!.shape[a]! : index) * xs[a]!;
    for (let k = 0; k < x!.shape.length; k++) if (k !== a) from += at[k < a ? k : k + r - 1]! * xs[k]!;
    y.data[flat] = x!.data[from]!;
  });
  return y;
}

function lrn(n: Node, [x]: Ins): Dense {
  const size = num(n, 'size', 1);
  const [alpha, beta, bias] = [num(n, 'alpha', 1e-4), num(n, 'beta', 0.75), num(n, 'bias', 1)];
  const y = dense(x!.dtype, x!.shape);
  const xs = stridesOf(x!.shape);
  const C = x!.shape[1]!;
  eachIndex(x!.shape, (at, flat) => {
    let s = 0;
    const c = at[1]!;
    for (
      let k = Math.max(0, c - Math.floor((size - 1) / 2));
      k <= Math.min(C - 1, c + Math.ceil((size - 1) / 2));
      k++
    ) {
      s += x!.data[flat + (k - c) * xs[1]!]! ** 2;
    }
    y.data[flat] = x!.data[flat]! / (bias + (alpha / size) * s) ** beta;
  });
  return y;
}

function batchNorm(n: Node, [x, s, b, m, v]: Ins): Dense {
  const y = dense(x!.dtype, x!.shape);
  const eps = num(n, 'epsilon', 1e-5);
  eachIndex(x!.shape, (at, flat) => {
    const c = at[1]!;
    y.data[flat] = ((x!.data[flat]! - m!.data[c]!) / Math.sqrt(v!.data[c]! + eps)) * s!.data[c]! + b!.data[c]!;
  });
  return y;
}

const half = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : r;
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const spatial = (x: Dense): number[] => x.shape.map((_, i) => i).slice(2);

const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Calls `each` with the scale and zero point of every element. */
function quantized(
  n: Node,
  [x, s, z]: Ins,
  dtype: Dense['dtype'],
  each: (x: number, s: number, z: number) => number,
): Dense {
  const a = axis(num(n, 'axis', 1), x!.shape.length);
  const inner = x!.shape.slice(a + 1).reduce((p, d) => p * d, 1);
  const block = num(n, 'block_size', 0);
  const blocks = block > 0 ? s!.shape[a]! : 0;
  const at = (i: number): number => {
    if (block === 0) return s!.data.length === 1 ? 0 : Math.floor(i / inner) % s!.data.length;
    const along = Math.floor(i / inner) % x!.shape[a]!;
    const outer = Math.floor(i / inner / x!.shape[a]!);
    return (outer * blocks + Math.floor(along / block)) * inner + (i % inner);
  };
  const data = x!.data.map((v, i) => each(v, Math.fround(s!.data[at(i)]!), z?.data[at(i)] ?? 0));
  return dense(dtype, x!.shape, data);
}

export const OPERATORS: Readonly<Record<string, Op>> = {
  Add: zip((a, b) => a + b),
  Sub: zip((a, b) => a - b),
  Mul: zip((a, b) => a * b),
  Div: zip((a, b) => a / b),
  Pow: zip((a, b) => a ** b),
  Min: zip((a, b, c) => Math.min(a, b, c ?? Infinity)),
  Max: zip((a, b, c) => Math.max(a, b, c ?? -Infinity)),
  Sum: zip((a, b, c) => a + (b ?? 0) + (c ?? 0)),
  Mean: (n, x) => {
    const total = zip((a, b, c) => a + (b ?? 0) + (c ?? 0))(n, x) as Dense;
    return dense(
      total.dtype,
      total.shape,
      total.data.map((v) => v / x.length),
    );
  },
  PRelu: zip((a, b) => (a < 0 ? a * b : a)),
  Equal: zip((a, b) => Number(a === b), 'bool'),
  Less: zip((a, b) => Number(a < b), 'bool'),
  Greater: zip((a, b) => Number(a > b), 'bool'),
  Where: zip((c, a, b) => (c ? a : b)),
  Abs: map(Math.abs),
  Neg: map((x) => -x),
  Exp: map(Math.exp),
  Log: map(Math.log),
  Sqrt: map(Math.sqrt),
  Reciprocal: map((x) => 1 / x),
  Floor: map(Math.floor),
  Ceil: map(Math.ceil),
  Round: map(half),
  Erf: map(erf),
  Relu: map((x) => Math.max(x, 0)),
  LeakyRelu: map((x, n) => (x < 0 ? x * num(n, 'alpha', 0.01) : x)),
  Elu: map((x, n) => (x < 0 ? num(n, 'alpha', 1) * Math.expm1(x) : x)),
  Sigmoid: map(sigmoid),
  HardSigmoid: map((x, n) => Math.min(Math.max(num(n, 'alpha', 0.2) * x + num(n, 'beta', 0.5), 0), 1)),
  HardSwish: map((x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6),
  Tanh: map(Math.tanh),
  Softplus: map((x) => Math.log1p(Math.exp(x))),
  Mish: map((x) => x * Math.tanh(Math.log1p(Math.exp(x)))),
  Gelu: map((x, n) =>
    n.attrs.approximate === 'tanh'
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
  ),
  Clip: (_n, [x, lo, hi]) =>
    dense(
      x!.dtype,
      x!.shape,
      x!.data.map((v) => Math.min(Math.max(v, lo?.data[0] ?? -Infinity), hi?.data[0] ?? Infinity)),
    ),
  Cast: (n, [x]) => {
    const to = num(n, 'to', 1);
    const whole = [2, 3, 4, 5, 6, 7, 9, 12, 13].includes(to);
    return dense(
      to === 7 ? 'int64' : to === 11 ? 'float64' : to === 9 ? 'bool' : 'float32',
      x!.shape,
      whole ? x!.data.map(Math.trunc) : x!.data,
    );
  },
  Identity: (_n, [x]) => x!,
  Dropout: (_n, [x]) => x!,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: (_n, [x]) => reduce(x!, spatial(x!), true, (v) => sum(v) / v.length),
  GlobalMaxPool: (_n, [x]) => reduce(x!, spatial(x!), true, (v) => Math.max(...v)),
  MatMul: (_n, [a, b]) => matmul(a!, b!),
  Gemm: gemm,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  LRN: lrn,
  Softmax: softmax,
  LogSoftmax: softmax,
  ReduceMean: reducer((v) => sum(v) / v.length),
  ReduceSum: reducer(sum),
  ReduceMax: reducer((v) => Math.max(...v)),
  ReduceMin: reducer((v) => Math.min(...v)),
  ReduceL2: reducer((v) => Math.sqrt(sum(v.map((x) => x * x)))),
  Transpose: (n, [x]) => transpose(x!, ints(n, 'perm') ?? x!.shape.map((_, i) => x!.shape.length - 1 - i)),
  Reshape: reshape,
  Flatten: (n, [x]) => {
    const a = axis(num(n, 'axis', 1), x!.shape.length);
    return { ...x!, shape: [countOf(x!.shape.slice(0, a)), countOf(x!.shape.slice(a))] };
  },
  Squeeze: (_n, [x, a]) => {
    const axes = list(a)?.map((i) => axis(i, x!.shape.length));
    return { ...x!, shape: x!.shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)) };
  },
  Unsqueeze: (_n, [x, a]) => {
    const rank = x!.shape.length + a!.data.length;
    const axes = list(a)!.map((i) => axis(i, rank));
    const rest = [...x!.shape];
    return { ...x!, shape: Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)) };
  },
  Expand: (n, [x, s]) => zip((a) => a)(n, [x!, dense(x!.dtype, [...s!.data])]),
  Shape: (n, [x]) => {
    const dims = x!.shape.slice(num(n, 'start', 0), num(n, 'end', x!.shape.length));
    return dense('int64', [dims.length], dims);
  },
  ConstantOfShape: (n, [s]) => {
    const value = n.attrs.value as TensorLiteral | undefined;
    const t = dense(value?.dtype ?? 'float32', list(s)!);
    return { ...t, data: t.data.fill(value ? toNumbers(value)[0]! : 0) };
  },
  Size: (_n, [x]) => dense('int64', [], [x!.data.length]),
  QuantizeLinear: (n, x) => {
    const dtype = x[2]?.dtype ?? 'uint8';
    const [lo, hi] = LIMITS[dtype]!;
    return quantized(n, x, dtype, (v, s, z) => Math.min(hi, Math.max(lo, half(Math.fround(v / s)) + z)));
  },
  DequantizeLinear: (n, x) => quantized(n, x, 'float32', (v, s, z) => Math.fround((v - z) * s)),
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
};
