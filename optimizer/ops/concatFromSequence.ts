import { sequenceAt, sequenceOp } from './common/sequences.ts';
import { normalAxis } from './common/shapes.ts';

export default sequenceOp({
  op: 'ConcatFromSequence',
  since: [11],
  attrs: { axis: { type: 'int', required: true }, new_axis: { type: 'int', default: 0 } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const { dtype, shape } = sequenceAt(ctx, 0);
    if (!shape) return { types: [{ dtype, shape: null }] };
    const stacked = ctx.attr<number>('new_axis') !== 0;
    const axis = normalAxis(ctx.attr<number>('axis'), shape.length + (stacked ? 1 : 0));
    const fixed = shape.map((d, i) => (typeof d === 'number' ? d : ctx.fresh(`${i}`)));
    const along = ctx.fresh('length');
    return {
      types: [
        {
          dtype,
          shape: stacked
            ? [...fixed.slice(0, axis), along, ...fixed.slice(axis)]
            : fixed.map((d, i) => (i === axis ? along : d)),
        },
      ],
    };
  },
});
