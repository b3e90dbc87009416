import type { ValueId } from '../../ir/graph.ts';
import type { Composer } from './compose.ts';

/** The gate of Swish: sigmoid(alpha · x) of the first input. */
export function swish(c: Composer): ValueId {
  const alpha = c.attr('alpha');
  const x = c.input(0);
  return c.op('Sigmoid', [alpha === 1 ? x : c.op('Mul', [x, c.scalar(c.dtype(0), alpha)])]);
}
