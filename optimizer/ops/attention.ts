import type { DataType } from '../ir/dtype.ts';
import type { ValueId } from '../ir/graph.ts';
import { type Composer, composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';
import { OpError } from './op.ts';

/** Inputs after Q, K, V. */
const [MASK, PAST_KEY, PAST_VALUE, VALID] = [3, 4, 5, 6];
/** What the fourth output shows: the scaled products, after the soft cap, with the mask, or the probabilities. */
const [SCORES, CAPPED, MASKED, PROBABILITIES] = [0, 1, 2, 3];

/** Beyond this a number of heads is a mistake. */
const MOST_HEADS = 1 << 16;

/** Q, K, V of rank 4 [batch, heads, tokens, size] or 3 [batch, tokens, heads · size] → the same form, and cache and scores. */
export default composed(
  {
    op: 'Attention',
    category: 'matrix',
    since: [23, 24, 25],
    attrs: {
      is_causal: { type: 'int', default: 0 },
      kv_num_heads: { type: 'int' },
      q_num_heads: { type: 'int' },
      qk_matmul_output_mode: { type: 'int', default: 0 },
      scale: { type: 'float' },
      softcap: { type: 'float', default: 0 },
      softmax_precision: { type: 'int' },
      left_window_size: { type: 'int', default: -1 },
      right_window_size: { type: 'int', default: -1 },
    },
    inputs: [3, 7],
    outputs: [1, 4],
  },
  (c) => {
    const flat = c.rank(0) === 3;
    const dtype = c.dtype(0);
    const apart = (v: ValueId, heads: number): ValueId =>
      flat ? c.op('Transpose', [c.op('Reshape', [v, c.ints([0, 0, heads, -1])])], { perm: [0, 2, 1, 3] }) : v;
    const qHeads = flat ? c.attr('q_num_heads') : numberAt(c, 0, 1);
    const kvHeads = flat ? c.attr('kv_num_heads') : numberAt(c, 1, 1);
    if (!(qHeads >= 1 && qHeads <= MOST_HEADS && kvHeads >= 1 && kvHeads <= MOST_HEADS))
      throw new OpError(`has ${qHeads} heads of queries over ${kvHeads} of keys`);
    const q = apart(c.input(0), qHeads);
    let k = apart(c.input(1), kvHeads);
    let v = apart(c.input(2), kvHeads);
    if (c.has(PAST_KEY)) k = c.op('Concat', [c.input(PAST_KEY), k], { axis: 2 });
    if (c.has(PAST_VALUE)) v = c.op('Concat', [c.input(PAST_VALUE), v], { axis: 2 });
    c.output(1, 'Identity', [k]);
    c.output(2, 'Identity', [v]);
    const bias = biasOf(c, q, k, dtype);
    if (qHeads !== kvHeads) {
      // Grouped queries: each head of keys and values serves several.
      const which = c.ints(Array.from({ length: qHeads }, (_, i) => Math.floor((i * kvHeads) / qHeads)));
      k = c.op('Gather', [k, which], { axis: 1 });
      v = c.op('Gather', [v, which], { axis: 1 });
    }
    const size = flat ? numberAt(c, 0, 2) / qHeads : numberAt(c, 0, 3);
    const scale = typeof c.node.attrs.scale === 'number' ? c.node.attrs.scale : 1 / Math.sqrt(size);
    const products = c.op('MatMul', [q, c.op('Transpose', [k], { perm: [0, 1, 3, 2] })]);
    const scores = c.op('Mul', [products, c.scalar(dtype, scale)]);
    const cap = c.attr('softcap');
    const bound = c.scalar(dtype, cap);
    const capped = cap > 0 ? c.op('Mul', [c.op('Tanh', [c.op('Div', [scores, bound])]), bound]) : scores;
    const masked = bias ? c.op('Add', [capped, bias.value]) : capped;
    const precise = c.node.attrs.softmax_precision;
    let probabilities = c.op('Softmax', [precise ? c.op('Cast', [masked], { to: precise }) : masked], { axis: -1 });
    if (precise) probabilities = c.op('Cast', [probabilities], { to: codeOfDtype(dtype) });
    if (bias?.mayHideAll) {
      // A row that may see nothing gives nothing, not 0 / 0.
      const best = c.op('ReduceMax', [bias.value, c.ints([-1])], { keepdims: 1 });
      const blind = c.op('Equal', [best, c.scalar(dtype, Number.NEGATIVE_INFINITY)]);
      probabilities = c.op('Where', [blind, c.scalar(dtype, 0), probabilities]);
    }
    const shown = { [SCORES]: scores, [CAPPED]: capped, [MASKED]: masked, [PROBABILITIES]: probabilities };
    c.output(3, 'Identity', [shown[c.attr('qk_matmul_output_mode')] ?? scores]);
    if (!flat) return c.finish('MatMul', [probabilities, v]);
    const mixed = c.op('Transpose', [c.op('MatMul', [probabilities, v])], { perm: [0, 2, 1, 3] });
    c.finish('Reshape', [mixed, c.ints([0, 0, -1])]);
  },
);

function numberAt(c: Composer, input: number, axis: number): number {
  const d = c.dims(input)?.[axis];
  if (typeof d !== 'number') throw new OpError(`needs dimension ${axis} of input ${input} fixed`);
  return d;
}

/** What is added to the scores: 0 where a query sees a key, −∞ where not; null where every query sees all. */
function biasOf(c: Composer, q: ValueId, k: ValueId, dtype: DataType): { value: ValueId; mayHideAll: boolean } | null {
  const zero = c.scalar(dtype, 0);
  const hidden = c.scalar(dtype, Number.NEGATIVE_INFINITY);
  const terms: ValueId[] = [];
  const length = (v: ValueId): ValueId => c.op('Gather', [c.op('Shape', [v]), c.scalar('int64', 2)], { axis: 0 });
  const count = (v: ValueId): ValueId => c.op('Range', [c.scalar('int64', 0), length(v), c.scalar('int64', 1)]);
  if (c.has(MASK)) {
    const given = c.input(MASK);
    const mask = c.dtype(MASK) === 'bool' ? c.op('Where', [given, zero, hidden]) : given;
    terms.push(padded(c, mask, hidden));
  }
  const [left, right] = [c.attr('left_window_size'), c.attr('right_window_size')];
  const valid = c.has(VALID) ? c.op('Unsqueeze', [c.input(VALID), c.ints([1, 2, 3])]) : null;
  const keys = count(k);
  const sees: ValueId[] = [];
  if (c.attr('is_causal') === 1 || left >= 0 || right >= 0) {
    // Where a query stands among the keys: behind the cache, or so that the last valid key is the last query's.
    const own = c.op('Unsqueeze', [count(q), c.ints([1])]);
    const offset = valid
      ? c.op('Sub', [valid, length(q)])
      : c.has(PAST_KEY)
        ? c.op('Gather', [c.op('Shape', [c.input(PAST_KEY)]), c.scalar('int64', 2)], { axis: 0 })
        : c.scalar('int64', 0);
    const place = c.op('Add', [own, offset]);
    const within = (op: string, by: number): ValueId =>
      c.op(op, [keys, by === 0 ? place : c.op('Add', [place, c.scalar('int64', by)])]);
    if (c.attr('is_causal') === 1) sees.push(within('LessOrEqual', 0));
    if (left >= 0) sees.push(within('GreaterOrEqual', -left));
    if (right >= 0) sees.push(within('LessOrEqual', right));
  }
  if (valid) sees.push(c.op('Less', [keys, valid]));
  for (const s of sees) terms.push(c.op('Where', [s, zero, hidden]));
  if (terms.length === 0) return null;
  const value = terms.reduce((a, b) => c.op('Add', [a, b]));
  return { value, mayHideAll: c.has(MASK) || valid !== null || left >= 0 || right >= 0 };
}

/** A mask that ends before the keys do hides the rest. */
function padded(c: Composer, mask: ValueId, hidden: ValueId): ValueId {
  const given = c.dims(MASK);
  const width = given?.[given.length - 1];
  const own = c.dims(1)?.[c.rank(1) === 3 ? 1 : 2];
  const past = c.has(PAST_KEY) ? c.dims(PAST_KEY)?.[2] : 0;
  if (typeof width !== 'number' || typeof own !== 'number' || typeof past !== 'number' || !given) return mask;
  const missing = own + past - width;
  // A single column spreads over all keys.
  if (missing <= 0 || (width === 1 && given.length > 0 && own + past > 1 && c.dtype(MASK) !== 'bool')) return mask;
  const pads = new Array<number>(2 * given.length).fill(0);
  pads[pads.length - 1] = missing;
  return c.op('Pad', [mask, c.ints(pads), hidden], { mode: 'constant' });
}
