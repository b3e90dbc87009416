import { type DimExpr, dimFloorDiv, dimMul } from '../ir/dim.ts';
import { Composer } from './common/compose.ts';
import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp, OpError, type Upgrade } from './op.ts';

const attrs = {
  blocksize: { type: 'int', required: true },
  mode: { type: 'string', default: 'DCR' },
} as const;

/** Depth first within a channel is the usual order with its channels in another one. */
const channelsFirst: Upgrade = (graph, node) => {
  if (node.attrs.mode !== 'CRD') return;
  const c = new Composer(graph, node, { attrs });
  const channels = c.dims(0)?.[1];
  if (typeof channels !== 'number') throw new OpError('in the order CRD needs a fixed number of channels');
  const blocksize = c.attr('blocksize');
  const places = blocksize * blocksize;
  const order = Array.from({ length: channels * places }, (_, i) => (i % places) * channels + Math.floor(i / places));
  c.finish('Gather', [c.op('SpaceToDepth', [c.input(0)], { blocksize }), c.ints(order)], { axis: 1 });
};

export default defineOp({
  op: 'SpaceToDepth',
  category: 'shape',
  since: [1, 13, 28],
  attrs,
  inputs: [1, 1],
  outputs: [1, 1],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: channelsFirst }],
  infer(ctx) {
    const [n, c, h, w] = shapeOfRank(ctx, 0, 4) as readonly [DimExpr, DimExpr, DimExpr, DimExpr];
    const b = ctx.attr<number>('blocksize');
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [n, dimMul(c, b * b), dimFloorDiv(h, b), dimFloorDiv(w, b)] }] };
  },
  flops: () => 0,
});
