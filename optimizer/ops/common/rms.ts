import type { ValueId } from '../../ir/graph.ts';
import type { OpDef } from '../op.ts';
import { type Composer, composed } from './compose.ts';
import { codeOfDtype } from './dtypes.ts';
import { normalAxis } from './shapes.ts';

/** x / √(mean(x²) + ε) · scale over the dimensions from `axis` on, the mean in float32: makes the node's first output. */
export function finishRms(c: Composer, from: ValueId, scale: ValueId, axis: number, rank: number): void {
  const axes = c.ints(Array.from({ length: rank - axis }, (_, i) => axis + i));
  const dtype = c.dtype(0);
  const wide = dtype === 'float64' ? 'float64' : 'float32';
  const x = dtype === wide ? from : c.op('Cast', [from], { to: codeOfDtype(wide) });
  const mean = c.op('ReduceMean', [c.op('Mul', [x, x]), axes]);
  const root = c.op('Sqrt', [c.op('Add', [mean, c.scalar(wide, c.attr('epsilon'))])]);
  const normal = c.op('Div', [x, root]);
  c.finish('Mul', [dtype === wide ? normal : c.op('Cast', [normal], { to: codeOfDtype(dtype) }), scale]);
}

/** The operator of that name in the standard's domain. */
export const rmsNormalization = (op: string, since: number): OpDef =>
  composed(
    {
      op,
      category: 'normalization',
      since: [since],
      attrs: {
        axis: { type: 'int', default: -1 },
        epsilon: { type: 'float', default: Math.fround(1e-5) },
        stash_type: { type: 'int', default: 1 },
      },
      inputs: [2, 2],
      outputs: [1, 1],
    },
    (c) => finishRms(c, c.input(0), c.input(1), normalAxis(c.attr('axis'), c.rank(0)), c.rank(0)),
  );
