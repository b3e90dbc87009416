import type { DimExpr } from '../ir/dim.ts';
import { asMatMul } from './common/einsumProduct.ts';
import { broadcastDim, count, dtypeOf, shapeOf } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** Labels of one operand; an ellipsis stands for the dimensions that no letter names. */
function labels(term: string, rank: number, what: string): string[] {
  const [head = '', tail] = term.split('...');
  const named = head.length + (tail?.length ?? 0);
  if (tail === undefined ? named !== rank : named > rank)
    throw new OpError(`"${term}" does not fit ${what} of rank ${rank}`);
  // Ellipsis dimensions align at their end, as broadcasting does.
  const hidden = Array.from({ length: rank - named }, (_, i) => `.${rank - named - i}`);
  return [...head, ...(tail === undefined ? [] : hidden), ...(tail ?? '')];
}

export default defineOp({
  op: 'Einsum',
  category: 'matrix',
  since: [12, 28],
  attrs: { equation: { type: 'string', required: true } },
  inputs: [1, Number.MAX_SAFE_INTEGER],
  outputs: [1, 1],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: asMatMul }],
  infer(ctx) {
    const equation = ctx.attr<string>('equation').replaceAll(' ', '');
    const [left = '', right] = equation.split('->');
    const terms = left.split(',');
    if (terms.length !== ctx.inputs.length)
      throw new OpError(`"${equation}" names ${terms.length} operands, not ${ctx.inputs.length}`);
    const dims = new Map<string, DimExpr>();
    const uses = new Map<string, number>();
    terms.forEach((term, k) => {
      const shape = shapeOf(ctx, k);
      labels(term, shape.length, `operand ${k}`).forEach((l, i) => {
        const d = broadcastDim(dims.get(l) ?? 1, shape[i]!);
        if (d === null) throw new OpError(`"${equation}" gives ${l} two lengths`);
        dims.set(l, d);
        uses.set(l, (uses.get(l) ?? 0) + 1);
      });
    });
    const hidden = [...dims.keys()]
      .filter((l) => l.startsWith('.'))
      .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
    const out =
      right === undefined
        ? [
            ...hidden,
            ...[...uses]
              .filter(([l, n]) => n === 1 && !l.startsWith('.'))
              .map(([l]) => l)
              .sort(),
          ]
        : right.includes('...')
          ? [...right.split('...')[0]!, ...hidden, ...right.split('...')[1]!]
          : [...right];
    const shape = out.map((l) => {
      const d = dims.get(l);
      if (d === undefined) throw new OpError(`"${equation}" has no operand with ${l}`);
      return d;
    });
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  // Every combination of labels is one multiply-add; operands' largest product bounds it from below.
  flops: (_node, inputs, outputs) => 2 * Math.max(count(outputs[0]!), ...inputs.map((s) => count(s))),
});
