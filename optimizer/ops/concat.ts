import { type DimExpr, dimAdd, shapeText } from '../ir/dim.ts';
import { dtypeOf, equalDim, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'Concat',
  category: 'shape',
  since: [1, 4, 11, 13],
  attrs: { axis: { type: 'int', required: true } },
  inputs: [1, Number.MAX_SAFE_INTEGER],
  outputs: [1, 1],
  infer(ctx) {
    const shapes = ctx.inputs.map((_, i) => shapeOf(ctx, i));
    const first = shapes[0]!;
    const axis = normalAxis(ctx.attr<number>('axis'), first.length);
    for (const s of shapes) {
      if (s.length !== first.length)
        throw new OpError(`cannot join ${shapeText(first)} and ${shapeText(s)}: their ranks differ`);
    }
    const shape = first.map((d, i) => {
      if (i === axis) return dimAdd(...shapes.map((s) => s[axis]!));
      return shapes.reduce(
        (m: DimExpr, s) => equalDim(m, s[i]!, `cannot join ${shapeText(first)} and ${shapeText(s)} along axis ${axis}`),
        d,
      );
    });
    const parts = ctx.inputs.map((_, i) => ctx.data(i));
    const data = first.length === 1 && parts.every((p) => p !== null) ? parts.flatMap((p) => p!) : null;
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }], data: [data] };
  },
  flops: () => 0,
});
