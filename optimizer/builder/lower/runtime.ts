import { isStatic } from '../../ir/dim.ts';
import type { Node } from '../../ir/graph.ts';
import type { Lowering } from './context.ts';

/** Inputs that lowering turns into attributes where they are constants. */
const PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  Slice: [1, 2, 3, 4],
  Pad: [1, 2, 3],
  Resize: [1, 2],
  CumSum: [1],
  CumProd: [1],
  ...Object.fromEntries(
    ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((k) => [
      `Reduce${k}`,
      [1],
    ]),
  ),
};

/** Inputs that say nothing but what shape the result has: only where that is unknown must they be read. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  ConstantOfShape: [0],
  Tile: [1],
  TopK: [1],
  Range: [0, 1, 2],
  OneHot: [1],
  Split: [1],
  Upsample: [1],
  Resize: [3],
  Squeeze: [1],
  Unsqueeze: [1],
};

/** True when numbers that other layers compute decide what this operator does, or how large its result is. */
export function decidedByRun(low: Lowering, node: Node): boolean {
  const computed = (i: number): boolean => {
    const v = node.inputs[i];
    return v !== undefined && v !== null && low.literal(v) === null;
  };
  const parameters = PARAMETERS[node.op] ?? [];
  if (parameters.some(computed)) return true;
  return (SHAPES[node.op] ?? []).some(computed) && !outputsKnown(low, node);
}

/** Whether every output dimension follows from the shapes of the inputs, or is a number. */
function outputsKnown(low: Lowering, node: Node): boolean {
  return node.outputs.every((v) => {
    const shape = low.graph.value(v).type.shape;
    return shape !== null && (isStatic(shape) || !shape.some((d) => isOwnSymbol(d, v)));
  });
}

/** Inference names the symbols that only data decides after the value that shows them first. */
const isOwnSymbol = (d: unknown, value: number): boolean =>
  typeof d === 'string' && d.startsWith('?') && d.slice(1).split('/').pop()!.startsWith(`${value}.`);
