import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Shape',
  category: 'shape',
  since: [1, 13, 15, 19, 21, 23, 24, 25],
  attrs: { start: { type: 'int', default: 0 }, end: { type: 'int' } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const { shape } = typeAt(ctx, 0);
    if (shape === null) return { types: [{ dtype: 'int64', shape: [ctx.fresh('rank')] }] };
    const data = shape.slice(ctx.attr<number>('start'), (ctx.node.attrs.end as number | undefined) ?? shape.length);
    return { types: [{ dtype: 'int64', shape: [data.length] }], data: [data] };
  },
  flops: () => 0,
});
