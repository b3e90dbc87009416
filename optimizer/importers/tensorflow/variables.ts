import type { WeightExpr } from '../../ir/weight.ts';
import { ImportError } from '../error.ts';
import type { Resource } from './node.ts';

/** The values of variables; graphs that were frozen have none. */
export interface Variables {
  value(r: Resource): WeightExpr;
}

export const NO_VARIABLES: Variables = {
  value: (r) => {
    throw new ImportError(
      'missing-weights',
      `The graph has variables ("${r.variable}" for one) whose values are not in this file: open the SavedModel folder, or freeze the graph.`,
    );
  },
};
