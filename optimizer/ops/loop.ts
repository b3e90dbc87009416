import { sameDim } from '../ir/dim.ts';
import type { TensorType } from '../ir/graph.ts';
import { captureCount } from './common/body.ts';
import { mergeSequences } from './common/sequences.ts';
import { sameType } from './common/shapes.ts';
import { defineOp } from './op.ts';

/** Inputs: trip count?, condition?, the carried values, then what the body captures. */
export default defineOp({
  op: 'Loop',
  category: 'other',
  since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  attrs: { body: { type: 'graph', required: true }, captures: { type: 'int', default: 0 } },
  inputs: [2, Number.MAX_SAFE_INTEGER],
  outputs: [1, Number.MAX_SAFE_INTEGER],
  infer(ctx) {
    const captured = captureCount(ctx);
    const carried = ctx.inputs.slice(2, ctx.inputs.length - captured);
    const captures = ctx.inputs.slice(ctx.inputs.length - captured);
    const iteration: TensorType = { dtype: 'int64', shape: [] };
    const condition: TensorType = { dtype: 'bool', shape: [] };
    const body = (state: readonly (TensorType | null)[]) =>
      ctx.inferBody('body', [iteration, condition, ...state, ...captures]);
    let state = carried;
    let out = body(state);
    // What a turn changes is not known before the loop runs: those dimensions become symbols.
    const settled = state.map((t, i) => {
      const u = out[i + 1];
      if (!t || !u) return t;
      if (t.sequence && u.sequence) return mergeSequences(t, u, (k) => ctx.fresh(`${i}_${k}`));
      if (!t.shape || !u.shape || t.shape.length !== u.shape.length) return { dtype: t.dtype, shape: null };
      return { dtype: t.dtype, shape: t.shape.map((d, k) => (sameDim(d, u.shape![k]!) ? d : ctx.fresh(`${i}_${k}`))) };
    });
    if (
      settled.some(
        (t, i) =>
          (t?.sequence && !sameType(t, state[i]!)) ||
          t?.shape?.some((d, k) => !sameDim(d, state[i]!.shape![k]!)) ||
          (t && t.shape === null && state[i]?.shape),
      )
    ) {
      state = settled;
      out = body(state);
    }
    const results = out.slice(1, 1 + carried.length);
    const turns = ctx.data(0)?.[0] ?? ctx.fresh('turns');
    const scans = out
      .slice(1 + carried.length)
      .map((t) => ({ dtype: t.dtype, shape: t.shape && [ctx.inputs[1] ? ctx.fresh('turns') : turns, ...t.shape] }));
    return { types: [...results, ...scans] };
  },
});
