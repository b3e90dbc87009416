import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { toNumbers } from '../../ir/tensor.ts';
import type { QuantizeOptions } from './quantize.ts';

export interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Operators that hand numbers on: their operands and results share one scale, the largest. */
const MOVES = new Set([
  ...['Concat', 'Split', 'Slice', 'Reshape', 'Transpose', 'Flatten', 'Squeeze', 'Unsqueeze', 'MaxPool', 'Shuffle'],
]);
/** Operators whose results are never negative. */
const POSITIVE = new Set(['Relu', 'Sigmoid', 'Softmax', 'Abs', 'HardSigmoid', 'Exp']);
/** Operators that keep what is not negative so. */
const KEEPS = new Set([...MOVES, 'AveragePool', 'GlobalAveragePool', 'ReduceMean']);

/** Scale and zero point of every float32 activation that has a range. */
export function quantizationScales(graph: Graph, options: QuantizeOptions): ReadonlyMap<ValueId, Scale> {
  const parent = new Map<ValueId, ValueId>();
  const find = (v: ValueId): ValueId => {
    const p = parent.get(v) ?? v;
    return p === v ? v : find(p);
  };
  const nodes = graph.topological();
  const moved = (n: Node): ValueId[] => {
    const inputs = n.op === 'Concat' || n.body ? n.inputs : n.inputs.slice(0, 1);
    return [...inputs, ...n.outputs].filter((v): v is ValueId => v !== null && isActivation(graph, v));
  };
  for (const n of nodes) {
    if (!MOVES.has(n.op)) continue;
    const [first, ...rest] = moved(n);
    for (const v of rest) parent.set(find(v), find(first!));
  }
  const positive = new Set<ValueId>();
  for (const n of nodes) {
    const last = n.body ? n.body.producer(n.body.outputs[0]!) : n;
    const kept =
      KEEPS.has(n.op) &&
      moved(n)
        .filter((v) => !n.outputs.includes(v))
        .every((v) => positive.has(v));
    const computed = last && (POSITIVE.has(last.op) || clipsNegative(n.body ?? graph, last));
    if (kept || computed) for (const v of n.outputs) positive.add(v);
  }
  const largest = new Map<ValueId, number>();
  const signed = new Set<ValueId>();
  for (const v of graph.values()) {
    if (!isActivation(graph, v.id)) continue;
    const amax = options.amax(v.id);
    if (!positive.has(v.id)) signed.add(find(v.id));
    if (amax !== undefined && amax > 0 && Number.isFinite(amax)) {
      largest.set(find(v.id), Math.max(largest.get(find(v.id)) ?? 0, amax));
    }
  }
  const scales = new Map<ValueId, Scale>();
  for (const v of graph.values()) {
    const amax = isActivation(graph, v.id) ? largest.get(find(v.id)) : undefined;
    if (amax === undefined) continue;
    const unsigned = options.activations === 'uint8';
    const half = unsigned && !signed.has(find(v.id));
    scales.set(v.id, {
      scale: half ? roundedDown(amax / 255) : Math.fround(amax / 127),
      zeroPoint: unsigned && !half ? 128 : 0,
    });
  }
  return scales;
}

/** Rounded down, so that the integers end where a Clip does and make it superfluous. */
function roundedDown(x: number): number {
  const near = Math.fround(x);
  return near <= x ? near : Math.fround(x * (1 - 2 ** -24));
}

/** A Clip to 0 and above. */
function clipsNegative(graph: Graph, n: Node): boolean {
  const low = n.op === 'Clip' && n.inputs[1] != null ? graph.value(n.inputs[1]).weight : undefined;
  return low?.kind === 'literal' && toNumbers(low.value)[0]! >= 0;
}

const isActivation = (graph: Graph, v: ValueId): boolean => {
  const { type, weight } = graph.value(v);
  return type.dtype === 'float32' && weight === undefined;
};
