import type { Shape } from '../../ir/dim.ts';
import { type AttrSpec, defineOp, type OpDef, OpError } from '../op.ts';
import { count, dtypeOf, shapeOfRank } from './shapes.ts';

/** RNN, GRU, LSTM: x[T, B, I] (layout 0) → Y[T, D, B, H], Y_h[D, B, H] and, for LSTM, Y_c. */
export const recurrent = (
  op: 'RNN' | 'GRU' | 'LSTM',
  since: readonly number[],
  inputs: readonly [number, number],
  attrs: Readonly<Record<string, AttrSpec>>,
): OpDef =>
  defineOp({
    op,
    category: 'matrix',
    since,
    attrs: {
      activation_alpha: { type: 'floats' },
      activation_beta: { type: 'floats' },
      activations: { type: 'strings' },
      clip: { type: 'float' },
      direction: { type: 'string', default: 'forward' },
      hidden_size: { type: 'int' },
      layout: { type: 'int', default: 0 },
      ...attrs,
    },
    inputs,
    outputs: [0, op === 'LSTM' ? 3 : 2],
    infer(ctx) {
      const x = shapeOfRank(ctx, 0, 3);
      const r = shapeOfRank(ctx, 2, 3);
      const direction = ctx.attr<string>('direction');
      if (!['forward', 'reverse', 'bidirectional'].includes(direction))
        throw new OpError(`direction ${direction} is not known`);
      const d = direction === 'bidirectional' ? 2 : 1;
      const hidden = r[2]!;
      const dtype = dtypeOf(ctx, 0);
      const layout = ctx.attr<number>('layout');
      if (layout !== 0 && layout !== 1) throw new OpError(`has layout ${layout}; it is 0 or 1`);
      const batchFirst = layout === 1;
      const [t, b] = batchFirst ? [x[1]!, x[0]!] : [x[0]!, x[1]!];
      const y: Shape = batchFirst ? [b, t, d, hidden] : [t, d, b, hidden];
      const h: Shape = batchFirst ? [b, d, hidden] : [d, b, hidden];
      return { types: [y, h, h].slice(0, ctx.node.outputs.length).map((shape) => ({ dtype, shape })) };
    },
    // Each step multiplies the input and the state with every gate's weights.
    flops: (_node, shapes) => {
      const x = shapes[0]!;
      return 2 * (x[0]! * x[1]!) * (count(shapes[1]!) + count(shapes[2]!));
    },
  });
