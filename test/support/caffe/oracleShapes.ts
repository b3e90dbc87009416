import { countOf } from '../../../optimizer/ir/tensor.ts';
import { type Dense, dense, eachIndex, stridesOf } from '../tensor.ts';
import { bool, list, num, type Reference } from './oracle.ts';

const same: Reference = ({ tops }, [x]) => Array.from({ length: tops }, () => x!);

/** A tensor of a shape whose elements come from places of x. */
function gather(x: Dense, shape: readonly number[], from: (index: readonly number[]) => readonly number[]): Dense {
  const y = dense(x.dtype, shape);
  const strides = stridesOf(x.shape);
  eachIndex(shape, (index, flat) => {
    y.data[flat] = x.data[from(index).reduce((s, d, i) => s + d * strides[i]!, 0)]!;
  });
  return y;
}

const concat: Reference = ({ p }, xs) => {
  const axis = num(p, 'axis', 1);
  const total = xs.reduce((s, x) => s + x.shape[axis]!, 0);
  const y = dense(
    'float32',
    xs[0]!.shape.map((d, i) => (i === axis ? total : d)),
  );
  const strides = stridesOf(y.shape);
  let at = 0;
  for (const x of xs) {
    eachIndex(x.shape, (index, flat) => {
      y.data[index.reduce((s, d, i) => s + (i === axis ? d + at : d) * strides[i]!, 0)] = x.data[flat]!;
    });
    at += x.shape[axis]!;
  }
  return [y];
};

const slice: Reference = ({ p, tops }, [x]) => {
  const axis = num(p, 'axis', 1);
  const d = x!.shape[axis]!;
  const points = list(p, 'slice_point');
  const ends = points.length > 0 ? [...points, d] : Array.from({ length: tops }, (_, i) => ((i + 1) * d) / tops);
  return ends.map((end, i) => {
    const start = ends[i - 1] ?? 0;
    const shape = x!.shape.map((s, k) => (k === axis ? end - start : s));
    return gather(x!, shape, (index) => index.map((v, k) => (k === axis ? v + start : v)));
  });
};

const flatten: Reference = ({ p }, [x]) => {
  const at = (a: number): number => (a < 0 ? a + x!.shape.length : a);
  const [from, to] = [at(num(p, 'axis', 1)), at(num(p, 'end_axis', -1))];
  const middle = countOf(x!.shape.slice(from, to + 1));
  return [{ ...x!, shape: [...x!.shape.slice(0, from), middle, ...x!.shape.slice(to + 1)] }];
};

const reshape: Reference = ({ p }, [x]) => {
  const start = num(p, 'axis', 0);
  const count = num(p, 'num_axes', -1);
  const end = count < 0 ? x!.shape.length : start + count;
  const wanted = list(p.shape as Record<string, unknown>, 'dim').map((d, i) => (d === 0 ? x!.shape[start + i]! : d));
  const shape = [...x!.shape.slice(0, start), ...wanted, ...x!.shape.slice(end)];
  const known = countOf(shape.filter((d) => d > 0));
  return [{ ...x!, shape: shape.map((d) => (d < 0 ? x!.data.length / known : d)) }];
};

const permute: Reference = ({ p }, [x]) => {
  const order = list(p, 'order');
  const all = [...order, ...x!.shape.map((_, i) => i).filter((i) => !order.includes(i))];
  const shape = all.map((a) => x!.shape[a]!);
  return [gather(x!, shape, (index) => x!.shape.map((_, a) => index[all.indexOf(a)]!))];
};

const crop: Reference = ({ p }, [x, like]) => {
  const axis = num(p, 'axis', 2);
  const offsets = list(p, 'offset');
  const offset = (k: number): number => (k < axis ? 0 : ((offsets.length > 1 ? offsets[k - axis] : offsets[0]) ?? 0));
  const shape = x!.shape.map((d, k) => (k < axis ? d : like!.shape[k]!));
  return [gather(x!, shape, (index) => index.map((v, k) => v + offset(k)))];
};

const reduction: Reference = ({ p }, [x]) => {
  const axis = num(p, 'axis', 0);
  const n = countOf(x!.shape.slice(axis));
  const y = dense('float32', x!.shape.slice(0, axis));
  for (let i = 0; i < y.data.length; i++) {
    const part = [...x!.data.slice(i * n, (i + 1) * n)];
    const op = (p.operation as string | undefined) ?? 'SUM';
    const f = op === 'ASUM' ? Math.abs : op === 'SUMSQ' ? (v: number) => v * v : (v: number) => v;
    y.data[i] = (part.reduce((s, v) => s + f(v), 0) / (op === 'MEAN' ? n : 1)) * num(p, 'coeff', 1);
  }
  return [y];
};

const tile: Reference = ({ p }, [x]) => {
  const axis = num(p, 'axis', 1);
  const shape = x!.shape.map((d, i) => (i === axis ? d * num(p, 'tiles', 1) : d));
  return [gather(x!, shape, (index) => index.map((v, i) => v % x!.shape[i]!))];
};

const argMax: Reference = ({ p }, [x]) => {
  const k = num(p, 'top_k', 1);
  const max = bool(p, 'out_max_val', false);
  const axis = p.axis as number | undefined;
  const [outer, n, inner] =
    axis === undefined
      ? [x!.shape[0]!, countOf(x!.shape.slice(1)), 1]
      : [countOf(x!.shape.slice(0, axis)), x!.shape[axis]!, countOf(x!.shape.slice(axis + 1))];
  const shape = axis === undefined ? [outer, max ? 2 : 1, k] : x!.shape.map((d, i) => (i === axis ? k : d));
  const y = dense('float32', shape);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const line = Array.from({ length: n }, (_, j): [number, number] => [x!.data[(o * n + j) * inner + i]!, j]);
      line.sort((a, b) => b[0] - a[0]);
      for (let r = 0; r < k; r++) {
        if (axis !== undefined) y.data[(o * k + r) * inner + i] = line[r]![max ? 0 : 1];
        else {
          y.data[o * k * (max ? 2 : 1) + r] = line[r]![1];
          if (max) y.data[o * k * 2 + k + r] = line[r]![0];
        }
      }
    }
  return [y];
};

const embed: Reference = ({ p, blobs }, [x]) => {
  const n = num(p, 'num_output', 0);
  const y = dense('float32', [...x!.shape, n]);
  x!.data.forEach((row, i) => {
    for (let k = 0; k < n; k++) y.data[i * n + k] = blobs[0]!.data[row * n + k]! + (blobs[1]?.data[k] ?? 0);
  });
  return [y];
};

export const SHAPES: Readonly<Record<string, Reference>> = {
  ArgMax: argMax,
  Concat: concat,
  Crop: crop,
  Dropout: same,
  Embed: embed,
  Flatten: flatten,
  Permute: permute,
  Reduction: reduction,
  Reshape: reshape,
  Slice: slice,
  Split: same,
  Tile: tile,
};
