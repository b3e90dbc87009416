import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { Graph as GraphClass } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { BuildError, type LayerAttr, type RegionBody } from '../plan.ts';
import { intAttr, intsAttr, type Lowering } from './context.ts';

/** Operators that own subgraphs. */
export const REGIONS: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan']);

/** If, Loop and Scan: a layer whose regions get the matching operands; captured constants stay constants inside. */
export function lowerRegions(low: Lowering, node: Node): void {
  const names = node.op === 'If' ? ['then_branch', 'else_branch'] : ['body'];
  const captures = intAttr(node, 'captures', 0);
  const own = node.inputs.length - captures;
  const weights = node.inputs.map((v, i) => (v !== null && i >= own ? low.weightOf(v) : undefined));
  // The branches of an If get what follows its condition.
  const first = node.op === 'If' ? 1 : 0;
  const bodies = names.map((name): RegionBody => {
    const graph = bodyOf(node, name);
    const constants = new Map<ValueId, WeightExpr>();
    graph.inputs.forEach((inner, i) => {
      const weight = weights[i + first];
      if (weight) constants.set(inner, weight);
    });
    return { graph, weights: constants };
  });
  low.layer(node, {
    op: node.op,
    attrs: attrsOf(node, own),
    inputs: node.inputs.map((v, i) => (v === null || weights[i] ? -1 : low.value(v))),
    outputs: node.outputs.map((v) => low.value(v)),
    bodies,
  });
}

/** The branch that an If takes, where its condition is known. */
export function decidedBranch(low: Lowering, node: Node): Graph | null {
  const condition = low.decided(node.inputs[0]!);
  return condition === null ? null : bodyOf(node, condition === 0 ? 'else_branch' : 'then_branch');
}

function bodyOf(node: Node, name: string): Graph {
  const body = node.attrs[name];
  if (!(body instanceof GraphClass)) throw new BuildError(`${node.op} "${node.name}" has no ${name}`, node.source);
  return body;
}

function attrsOf(node: Node, own: number): Record<string, LayerAttr> {
  if (node.op === 'If') return {};
  if (node.op === 'Loop') return { carried: own - 2 };
  const scans = intAttr(node, 'num_scan_inputs', 0);
  const states = own - scans;
  const results = node.outputs.length - states;
  const ints = (name: string, n: number): readonly number[] => intsAttr(node, name) ?? new Array<number>(n).fill(0);
  return {
    scans,
    states,
    input_axes: ints('scan_input_axes', scans),
    input_directions: ints('scan_input_directions', scans),
    output_axes: ints('scan_output_axes', results),
    output_directions: ints('scan_output_directions', results),
  };
}
