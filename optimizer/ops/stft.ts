import { dimAdd, dimFloorDiv, dimSub } from '../ir/dim.ts';
import { dtypeOf, hasInput, shapeOfMinRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'STFT',
  category: 'matrix',
  since: [17],
  attrs: { onesided: { type: 'int', default: 1 } },
  inputs: [2, 4],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 2);
    const step = ctx.data(1)?.[0];
    const frame = hasInput(ctx, 3) ? ctx.data(3)?.[0] : ctx.inputs[2]?.shape?.[0];
    const frames =
      step === undefined || frame === undefined
        ? ctx.fresh('frames')
        : dimAdd(dimFloorDiv(dimSub(x[1]!, frame), step), 1);
    const bins =
      frame === undefined ? ctx.fresh('bins') : ctx.attr<number>('onesided') ? dimAdd(dimFloorDiv(frame, 2), 1) : frame;
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [x[0]!, frames, bins, 2] }] };
  },
});
