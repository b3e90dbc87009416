import type { ValueId } from '../../ir/graph.ts';
import type { Composer } from './compose.ts';
import { codeOfDtype } from './dtypes.ts';

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
