import type { ValueId } from '../../ir/graph.ts';
import { OpError } from '../op.ts';
import type { Composer } from './compose.ts';

/** Inputs of a loss: log-probabilities [N,C,…], classes [N,…], weights per class [C]?. */
export interface Loss {
  readonly logProb: ValueId;
  readonly target: ValueId;
  readonly weight: ValueId | null;
}

/** −weight[t] · logProb[n, t, …] with its reduction, as the node's first output. Input 0 of the node gives the types. */
export function negativeLogLikelihood(c: Composer, { logProb, target, weight }: Loss): void {
  const dtype = c.dtype(0);
  const reduction = c.text('reduction') || 'mean';
  const ignored = c.node.attrs.ignore_index;
  let classes = target;
  let mask: ValueId | null = null;
  if (typeof ignored === 'number') {
    const index = c.dtype(1);
    mask = c.op('Equal', [target, c.scalar(index, ignored)]);
    classes = c.op('Where', [mask, c.scalar(index, 0), target]);
  }
  const axis = c.ints([1]);
  const picked = c.op('GatherElements', [logProb, c.op('Unsqueeze', [classes, axis])], { axis: 1 });
  let loss = c.op('Neg', [c.op('Squeeze', [picked, axis])]);
  let share: ValueId | null = weight === null ? null : c.op('Gather', [weight, classes], { axis: 0 });
  if (mask !== null) {
    share = c.op('Where', [mask, c.scalar(dtype, 0), share ?? c.scalar(dtype, 1)]);
  }
  if (share !== null) loss = c.op('Mul', [loss, share]);
  switch (reduction) {
    case 'none':
      return c.finish('Identity', [loss]);
    case 'sum':
      return c.finish('ReduceSum', [loss], { keepdims: 0 });
    case 'mean': {
      if (share === null) return c.finish('ReduceMean', [loss], { keepdims: 0 });
      const total = c.op('ReduceSum', [loss], { keepdims: 0 });
      return c.finish('Div', [total, c.op('ReduceSum', [share], { keepdims: 0 })]);
    }
    default:
      throw new OpError(`has the reduction "${reduction}", which is not known`);
  }
}
