import { countOf } from '../../../optimizer/ir/tensor.ts';
import { type Dense, dense } from '../tensor.ts';
import { bool, list, num, type Params, type Reference } from './oracle.ts';

const pick = (p: Params, name: string, h: string, w: string, or: number): [number, number] => {
  const given = list(p, name);
  if (p[h] !== undefined || p[w] !== undefined) return [num(p, h, or), num(p, w, or)];
  return [given[0] ?? or, given[1] ?? given[0] ?? or];
};

const convolution: Reference = ({ p, blobs }, [x]) => {
  const [n, c, h, w] = x!.shape as [number, number, number, number];
  const [kh, kw] = pick(p, 'kernel_size', 'kernel_h', 'kernel_w', 1);
  const [sh, sw] = pick(p, 'stride', 'stride_h', 'stride_w', 1);
  const [ph, pw] = pick(p, 'pad', 'pad_h', 'pad_w', 0);
  const [dh, dw] = pick(p, 'dilation', '', '', 1);
  const m = num(p, 'num_output', 0);
  const group = num(p, 'group', 1);
  const [cg, mg] = [c / group, m / group];
  const oh = Math.floor((h + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((w + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
  const y = dense('float32', [n, m, oh, ow]);
  const [weights, bias] = [blobs[0]!.data, blobs[1]?.data];
  for (let b = 0; b < n; b++)
    for (let o = 0; o < m; o++)
      for (let i = 0; i < oh; i++)
        for (let j = 0; j < ow; j++) {
          let sum = bias ? bias[o]! : 0;
          for (let k = 0; k < cg; k++) {
            const from = (b * c + Math.floor(o / mg) * cg + k) * h;
            const wFrom = (o * cg + k) * kh;
            for (let u = 0; u < kh; u++) {
              const r = i * sh - ph + u * dh;
              if (r < 0 || r >= h) continue;
              for (let v = 0; v < kw; v++) {
                const q = j * sw - pw + v * dw;
                if (q >= 0 && q < w) sum += x!.data[(from + r) * w + q]! * weights[(wFrom + u) * kw + v]!;
              }
            }
          }
          y.data[((b * m + o) * oh + i) * ow + j] = sum;
        }
  return [y];
};

const deconvolution: Reference = ({ p, blobs }, [x]) => {
  const [n, c, h, w] = x!.shape as [number, number, number, number];
  const [kh, kw] = pick(p, 'kernel_size', 'kernel_h', 'kernel_w', 1);
  const [sh, sw] = pick(p, 'stride', 'stride_h', 'stride_w', 1);
  const [ph, pw] = pick(p, 'pad', 'pad_h', 'pad_w', 0);
  const m = num(p, 'num_output', 0);
  const group = num(p, 'group', 1);
  const [cg, mg] = [c / group, m / group];
  const [oh, ow] = [sh * (h - 1) + kh - 2 * ph, sw * (w - 1) + kw - 2 * pw];
  const y = dense('float32', [n, m, oh, ow]);
  for (let b = 0; b < n; b++)
    for (let k = 0; k < c; k++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++)
          for (let o = 0; o < mg; o++)
            for (let u = 0; u < kh; u++)
              for (let v = 0; v < kw; v++) {
                const [r, q] = [i * sh - ph + u, j * sw - pw + v];
                if (r < 0 || r >= oh || q < 0 || q >= ow) continue;
                const out = Math.floor(k / cg) * mg + o;
                y.data[((b * m + out) * oh + r) * ow + q]! +=
                  x!.data[((b * c + k) * h + i) * w + j]! * blobs[0]!.data[((k * mg + o) * kh + u) * kw + v]!;
              }
  const bias = blobs[1]?.data;
  if (bias) for (let e = 0; e < y.data.length; e++) y.data[e]! += bias[Math.floor(e / (oh * ow)) % m]!;
  return [y];
};

const innerProduct: Reference = ({ p, blobs }, [x]) => {
  const axis = num(p, 'axis', 1);
  const at = axis < 0 ? axis + x!.shape.length : axis;
  const rows = countOf(x!.shape.slice(0, at));
  const k = countOf(x!.shape.slice(at));
  const n = num(p, 'num_output', 0);
  const y = dense('float32', [...x!.shape.slice(0, at), n]);
  const transposed = bool(p, 'transpose', false);
  for (let r = 0; r < rows; r++)
    for (let o = 0; o < n; o++) {
      let sum = blobs[1]?.data[o] ?? 0;
      for (let i = 0; i < k; i++) sum += x!.data[r * k + i]! * blobs[0]!.data[transposed ? i * n + o : o * k + i]!;
      y.data[r * n + o] = sum;
    }
  return [y];
};

/** Window by window, as the definition has it: the end is clipped to the padded input, then both ends to the input. */
const pooling: Reference = ({ p, tops }, [x]) => {
  const [n, c, h, w] = x!.shape as [number, number, number, number];
  const global = bool(p, 'global_pooling', false);
  const [kh, kw] = global ? [h, w] : pick(p, 'kernel_size', 'kernel_h', 'kernel_w', 1);
  const [sh, sw] = pick(p, 'stride', 'stride_h', 'stride_w', 1);
  const [ph, pw] = pick(p, 'pad', 'pad_h', 'pad_w', 0);
  const round = p.round_mode === 'FLOOR' ? Math.floor : Math.ceil;
  const size = (d: number, k: number, s: number, pad: number): number => {
    const out = round((d + 2 * pad - k) / s) + 1;
    return pad > 0 && (out - 1) * s >= d + pad ? out - 1 : out;
  };
  const [oh, ow] = [size(h, kh, sh, ph), size(w, kw, sw, pw)];
  const y = dense('float32', [n, c, oh, ow]);
  const mask = dense('float32', [n, c, oh, ow]);
  for (let plane = 0; plane < n * c; plane++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++) {
        const [h0, w0] = [i * sh - ph, j * sw - pw];
        const [h1, w1] = [Math.min(h0 + kh, h + ph), Math.min(w0 + kw, w + pw)];
        const area = (h1 - h0) * (w1 - w0);
        let [best, sum, where] = [Number.NEGATIVE_INFINITY, 0, -1];
        for (let r = Math.max(h0, 0); r < Math.min(h1, h); r++)
          for (let q = Math.max(w0, 0); q < Math.min(w1, w); q++) {
            const v = x!.data[(plane * h + r) * w + q]!;
            sum += v;
            if (v > best) [best, where] = [v, r * w + q];
          }
        const at = (plane * oh + i) * ow + j;
        y.data[at] = p.pool === 'AVE' ? sum / area : best;
        mask.data[at] = where;
      }
  return [y, mask].slice(0, tops);
};

const lrn: Reference = ({ p }, [x]) => {
  const [n, c, h, w] = x!.shape as [number, number, number, number];
  const size = num(p, 'local_size', 5);
  const [alpha, beta, k] = [num(p, 'alpha', 1), num(p, 'beta', 0.75), num(p, 'k', 1)];
  const half = (size - 1) / 2;
  const y = dense('float32', x!.shape);
  const within = p.norm_region === 'WITHIN_CHANNEL';
  for (let b = 0; b < n; b++)
    for (let o = 0; o < c; o++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++) {
          let sum = 0;
          if (within) {
            for (let r = Math.max(0, i - half); r <= Math.min(h - 1, i + half); r++)
              for (let q = Math.max(0, j - half); q <= Math.min(w - 1, j + half); q++)
                sum += x!.data[((b * c + o) * h + r) * w + q]! ** 2;
          } else {
            for (let s = Math.max(0, o - half); s <= Math.min(c - 1, o + half); s++)
              sum += x!.data[((b * c + s) * h + i) * w + j]! ** 2;
          }
          const at = ((b * c + o) * h + i) * w + j;
          const base = within ? 1 + (alpha * sum) / (size * size) : k + (alpha * sum) / size;
          y.data[at] = x!.data[at]! * base ** -beta;
        }
  return [y];
};

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** [T, N, rows] of W·x + b at one step. */
function project(x: Dense, w: Dense, b: Dense | undefined): Dense {
  const rows = w.shape[0]!;
  const k = w.shape[1]!;
  const items = x.data.length / k;
  const y = dense('float32', [items, rows]);
  for (let i = 0; i < items; i++)
    for (let r = 0; r < rows; r++) {
      let sum = b?.data[r] ?? 0;
      for (let q = 0; q < k; q++) sum += x.data[i * k + q]! * w.data[r * k + q]!;
      y.data[i * rows + r] = sum;
    }
  return y;
}

const lstm: Reference = ({ p, blobs }, [x, cont, fixed]) => {
  const [t, n] = x!.shape as [number, number];
  const h = num(p, 'num_output', 0);
  const gates = project(x!, blobs[0]!, blobs[1]);
  const extra = fixed ? project(fixed, blobs[2]!, undefined) : null;
  const wh = blobs[fixed ? 3 : 2]!;
  const y = dense('float32', [t, n, h]);
  for (let b = 0; b < n; b++) {
    let state = new Float64Array(h);
    const cell = new Float64Array(h);
    for (let s = 0; s < t; s++) {
      const keep = cont!.data[s * n + b]!;
      const pre = (row: number): number => {
        let sum = gates.data[(s * n + b) * 4 * h + row]! + (extra?.data[b * 4 * h + row] ?? 0);
        for (let q = 0; q < h; q++) sum += wh.data[row * h + q]! * state[q]! * keep;
        return sum;
      };
      const now = new Float64Array(h);
      for (let u = 0; u < h; u++) {
        const [i, f, o, g] = [pre(u), pre(h + u), pre(2 * h + u), pre(3 * h + u)];
        cell[u] = keep * sigmoid(f) * cell[u]! + sigmoid(i) * Math.tanh(g);
        now[u] = sigmoid(o) * Math.tanh(cell[u]!);
      }
      state = now;
      y.data.set(now, (s * n + b) * h);
    }
  }
  return [y];
};

const rnn: Reference = ({ p, blobs }, [x, cont]) => {
  const [t, n] = x!.shape as [number, number];
  const h = num(p, 'num_output', 0);
  const inputs = project(x!, blobs[0]!, blobs[1]);
  const y = dense('float32', [t, n, h]);
  for (let b = 0; b < n; b++) {
    let state = new Float64Array(h);
    for (let s = 0; s < t; s++) {
      const keep = cont!.data[s * n + b]!;
      state = state.map((_, u) => {
        let sum = inputs.data[(s * n + b) * h + u]!;
        for (let q = 0; q < h; q++) sum += blobs[2]!.data[u * h + q]! * state[q]! * keep;
        return Math.tanh(sum);
      });
      const out = project(dense('float32', [1, h], state), blobs[3]!, blobs[4]);
      y.data.set(out.data.map(Math.tanh), (s * n + b) * h);
    }
  }
  return [y];
};

export const COMPUTE: Readonly<Record<string, Reference>> = {
  Convolution: convolution,
  Deconvolution: deconvolution,
  InnerProduct: innerProduct,
  LRN: lrn,
  LSTM: lstm,
  Pooling: pooling,
  RNN: rnn,
};
