import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Attrs, Graph, Node, ValueId } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { operatorsOf } from '../body.ts';
import { attrInt } from '../match.ts';

/** What an input of one of the layer's operators is. */
export type Operand =
  | { readonly kind: 'absent' }
  /** The input that the siblings share. */
  | { readonly kind: 'shared' }
  | { readonly kind: 'result'; readonly of: number }
  /** A single number or an axis list, the same for all siblings. */
  | { readonly kind: 'fixed'; readonly weight: WeightExpr }
  /** Weights, or one number per channel: concatenated along `axis`. */
  | { readonly kind: 'joined'; readonly weight: WeightExpr; readonly axis: number; readonly name: string };

export interface LayerOperator {
  readonly node: Node;
  readonly operands: readonly Operand[];
}

/** A convolution or product with what follows it, taken apart for comparison. */
export interface Layer {
  readonly node: Node;
  readonly graph: Graph;
  readonly operators: readonly LayerOperator[];
  /** The axis of the result that counts channels, and how many this layer has. */
  readonly channelAxis: number;
  readonly channels: number;
  /** Equal texts can be merged: geometry of the core, and the operators behind it. */
  readonly geometry: string;
  readonly epilogue: string;
}

const CORES = new Set(['Conv', 'MatMul', 'Gemm']);

/** True for nodes that could have siblings: Conv, MatMul and Gemm, alone or fused. */
export const isCandidate = (n: Node): boolean =>
  n.outputs.length === 1 &&
  ((n.domain === '' && CORES.has(n.op)) || (n.domain === FUSED_DOMAIN && (n.op === 'Conv' || n.op === 'MatMul')));

/** Takes a candidate apart; a string names what keeps it from being merged with any sibling. */
export function layerOf(main: Graph, node: Node): Layer | string {
  const graph = node.body ?? main;
  const nodes = operatorsOf(node);
  const core = nodes[0]!;
  if (!CORES.has(core.op) || nodes.some((n) => n.op === 'Split')) return 'it is no plain convolution or product';
  const outer = new Map<ValueId, ValueId>();
  node.body?.inputs.forEach((v, i) => outer.set(v, node.inputs[i]!));
  const outside = (v: ValueId): ValueId => (node.body ? (outer.get(v) ?? -1) : v);
  const weightOf = (v: ValueId): WeightExpr | undefined =>
    graph.value(v).weight ?? (outer.has(v) ? main.value(outer.get(v)!).weight : undefined);

  const w = core.inputs[1] === null || core.inputs[1] === undefined ? undefined : weightOf(core.inputs[1]);
  if (!w) return 'its weights are not constant';
  if (core.op !== 'Conv' && w.shape.length !== 2) return 'its weights are no matrix';
  if (core.op === 'Conv' && attrInt(core, 'group', 1) !== 1) return 'it has groups';
  const weightAxis = core.op === 'Conv' || attrInt(core, 'transB', 0) === 1 ? 0 : 1;
  const channels = w.shape[weightAxis]!;
  const rank = graph.value(core.outputs[0]!).type.shape?.length ?? 0;
  const channelAxis = core.op === 'Conv' ? 1 : rank - 1;
  const index = new Map(nodes.map((n, i) => [n.outputs[0]!, i]));

  const operand = (n: Node, i: number): Operand | null => {
    const v = n.inputs[i];
    if (v === null || v === undefined) return { kind: 'absent' };
    const of = index.get(v);
    if (of !== undefined) return { kind: 'result', of };
    const weight = weightOf(v);
    const name = graph.value(v).name;
    if (n === core) {
      if (i === 0) return outside(v) === node.inputs[0] ? { kind: 'shared' } : null;
      if (!weight) return null;
      const axis = i === 1 ? weightAxis : weight.shape.length - 1;
      return weight.shape[axis] === channels ? { kind: 'joined', weight, axis, name } : null;
    }
    if (!weight) return null;
    if (countOf(weight.shape) === 1) return { kind: 'fixed', weight };
    const axis = channelAxis - (rank - weight.shape.length);
    const perChannel = weight.shape.every((d, k) => d === (k === axis ? channels : 1));
    return perChannel ? { kind: 'joined', weight, axis, name } : null;
  };

  const operators: LayerOperator[] = [];
  for (const n of nodes) {
    const operands = n.inputs.map((_, i) => operand(n, i));
    if (operands.some((o) => o === null)) return 'it reads more than one number per channel besides the input';
    operators.push({ node: n, operands: operands as Operand[] });
  }
  const text = (o: LayerOperator): string =>
    `${o.node.op}${attrsText(o.node.attrs)}(${o.operands.map((x) => operandText(x)).join(',')})`;
  const dtype = graph.value(core.outputs[0]!).type.dtype;
  return {
    node,
    graph,
    operators,
    channelAxis,
    channels,
    geometry: `${dtype} ${text(operators[0]!)}`,
    epilogue: operators.slice(1).map(text).join(' '),
  };
}

function operandText(o: Operand): string {
  switch (o.kind) {
    case 'result':
      return `#${o.of}`;
    case 'fixed':
      return o.weight.hash;
    case 'joined':
      return `${o.weight.dtype}[${o.weight.shape.map((d, i) => (i === o.axis ? '*' : d)).join(',')}]`;
    default:
      return o.kind;
  }
}

const attrsText = (attrs: Attrs): string => JSON.stringify(Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1)));
