import type { Node } from '../../ir/graph.ts';
import { toNumbers } from '../../ir/tensor.ts';
import type { Lowering } from './context.ts';

/** Inputs that lowering turns into attributes where they are constants. */
const PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  Slice: [1, 3, 4],
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
  Slice: [2],
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
  const present = (i: number): boolean => node.inputs[i] !== undefined && node.inputs[i] !== null;
  if (node.op === 'CenterCropPad' || node.op === 'AffineGrid') return true;
  if ((PARAMETERS[node.op] ?? []).some((i) => present(i) && low.literal(node.inputs[i]) === null)) return true;
  if (node.op === 'Slice' && countsFromOpenEnd(low, node)) return true;
  return (SHAPES[node.op] ?? []).some(present) && !low.outputsKnown(node);
}

/** True for a Slice from the end of an open dimension that is more than a run of one axis (that is a view). */
function countsFromOpenEnd(low: Lowering, node: Node): boolean {
  const ints = (i: number): readonly number[] | null => {
    const found = low.literal(node.inputs[i]);
    return found && toNumbers(found);
  };
  const dims = low.shape(node.inputs[0]!);
  const starts = ints(1) ?? [];
  const axes = (ints(3) ?? starts.map((_, i) => i)).map((a) => (a + dims.length) % dims.length);
  const steps = ints(4) ?? starts.map(() => 1);
  const open = starts.some((s, i) => typeof dims[axes[i]!] !== 'number' && (s < 0 || steps[i]! < 0));
  return open && (starts.length > 1 || steps[0] !== 1 || low.weightOf(node.inputs[0]!) !== undefined);
}

/** True for operators that read or make a sequence or an optional value: they only hand tensors on. */
export function onSequences(low: Lowering, node: Node): boolean {
  const special = (v: number): boolean => {
    const { type } = low.graph.value(v);
    return type.sequence === true || type.optional === true;
  };
  return node.op === 'OptionalHasElement' || [...node.inputs, ...node.outputs].some((v) => v !== null && special(v));
}
