import { elementCount, type Shape } from '../ir/dim.ts';
import type { TensorType } from '../ir/graph.ts';
import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Unique',
  category: 'other',
  since: [11, 28],
  attrs: { axis: { type: 'int' }, sorted: { type: 'int', default: 1 } },
  inputs: [1, 1],
  outputs: [1, 4],
  infer(ctx) {
    const axis = ctx.node.attrs.axis as number | undefined;
    const x = shapeOf(ctx, 0);
    const found = ctx.fresh('found');
    const at = axis === undefined ? null : normalAxis(axis, x.length);
    const y: Shape = at === null ? [found] : x.map((d, i) => (i === at ? found : d));
    const types: TensorType[] = [
      { dtype: dtypeOf(ctx, 0), shape: y },
      { dtype: 'int64', shape: [found] },
      { dtype: 'int64', shape: [at === null ? elementCount(x) : x[at]!] },
      { dtype: 'int64', shape: [found] },
    ];
    return { types: types.slice(0, ctx.node.outputs.length) };
  },
  flops: () => 0,
});
