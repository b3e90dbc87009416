import { symbolsOf } from '../../ir/dim.ts';
import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Graph, Node, NodeId, ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { findOp } from '../../ops/index.ts';
import { BuildError, type Plan, rootOf } from '../plan.ts';
import { lowerAsIs } from './asIs.ts';
import { lowerAttention } from './attention.ts';
import { type LiteralOf, Lowering } from './context.ts';
import { CORE_OPS, lowerCore, nameOf } from './core.ts';
import { lowerPlugin } from './plugin.ts';
import { buildProgram, isPointwise } from './program.ts';
import { isQuantizer, lowerQuantized, lowerQuantizer } from './quantized.ts';
import { decidedBranch, lowerRegions, REGIONS } from './regions.ts';
import { decidedByRun, onSequences } from './runtime.ts';
import { settleMeanings } from './settle.ts';
import {
  lowerBatchNorm,
  lowerConstantSplit,
  lowerFill,
  lowerGeneralGemm,
  lowerReshape,
  lowerShape,
  lowerShuffle,
  lowerTranspose,
  RESHAPES,
} from './shape.ts';
import { TABLE } from './table.ts';

/**
 * Turns an optimized graph into layers. Fused nodes become one layer where their body has the shape their kind promises;
 * nodes in `inline` (no device can run the fused form) are lowered operator by operator from their body.
 * Throws BuildError naming every operator that nothing can execute.
 * With `integers`, quantized values of the model keep their scales (a whole model is lowered so; single operators that are
 * evaluated on constants are not).
 */
export function lowerGraph(
  graph: Graph,
  literalOf: LiteralOf,
  inline: ReadonlySet<NodeId> = new Set(),
  captured?: ReadonlyMap<ValueId, WeightExpr>,
  outer: ReadonlySet<string> = new Set(),
  integers = false,
): Plan {
  const low = new Lowering(
    graph,
    literalOf,
    undefined,
    null,
    captured,
    new Set(outer),
    null,
    integers ? new Map() : null,
  );
  for (const id of graph.inputs) {
    low.learn(id);
    if (captured?.has(id)) low.plan.inputs.push({ name: graph.value(id).name, value: -1 });
    if (low.weightOf(id)) continue;
    const at = low.value(id);
    low.plan.values[at]!.external = 'input';
    low.plan.inputs.push({ name: graph.value(id).name, value: at });
  }
  const missing: Node[] = [];
  for (const node of graph.topological()) {
    try {
      lowerNode(low, node, inline);
    } catch (error) {
      if (error instanceof UnknownOperator) missing.push(node);
      // Behind an operator that nobody knows types are unknown too: that one is what to name.
      else if (missing.length === 0) throw error;
    }
  }
  if (missing.length > 0) throw unsupported(missing);
  for (const id of graph.outputs) bindOutput(low, id);
  if (integers) settleMeanings(low.plan);
  dropUnread(low.plan, outer);
  return low.plan;
}

/**
 * Drops layers whose results nothing reads: shape arithmetic whose outcome lowering took as it follows from the shapes. A layer
 * that first shows a size which only running decides stays: others go by it.
 */
function dropUnread(plan: Plan, outer: ReadonlySet<string>): void {
  const known = new Set(outer);
  const shows = (v: number): boolean => {
    const before = known.size;
    for (const d of plan.values[v]!.shape) symbolsOf(d, known);
    return known.size > before;
  };
  for (const b of plan.inputs) if (b.value >= 0) shows(b.value);
  const showing = new Set(plan.layers.filter((l) => l.outputs.map(shows).some((fresh) => fresh)));
  // By storage: whoever writes a part of what is read, or under another meaning, is needed.
  const read = new Set<number>();
  const note = (v: number): void => {
    if (v >= 0) read.add(rootOf(plan, v));
  };
  plan.values.forEach((v, i) => {
    if (v.external === 'output') note(i);
  });
  for (const b of plan.outputs) note(b.value);
  const kept = plan.layers.toReversed().filter((l) => {
    if (!showing.has(l) && !l.outputs.some((v) => read.has(rootOf(plan, v)))) return false;
    l.inputs.forEach(note);
    return true;
  });
  plan.layers.splice(0, plan.layers.length, ...kept.reverse());
}

class UnknownOperator extends Error {}

/** Names every operator that nothing can execute. */
export function unsupported(nodes: readonly Node[]): BuildError {
  const kinds = [...new Set(nodes.map((n) => (n.domain ? `${n.domain}.${n.op}` : n.op)))];
  const first = nodes[0]!;
  const what = kinds.length === 1 ? `operator ${kinds[0]}` : `operators ${kinds.join(', ')}`;
  const message = `the runtime has no kernel for ${what} (first at "${first.name || first.op}"); a plugin could provide ${kinds.length === 1 ? 'it' : 'them'}`;
  return new BuildError(
    message,
    nodes.flatMap((n) => n.source),
  );
}

/** Every output has storage of its own that the caller binds: inputs, constants and repeats are copied. */
function bindOutput(low: Lowering, id: ValueId): void {
  const value = low.graph.value(id);
  let at = low.value(id);
  const v = low.plan.values[at]!;
  if ((v.sequence || v.optional) && v.external) {
    const copy = low.add(value.name, value.type);
    low.plan.layers.push({
      name: 'Identity',
      op: 'Identity',
      attrs: {},
      inputs: [at],
      opInputs: 1,
      outputs: [copy],
      sources: [],
      resolve: true,
    });
    at = copy;
  } else if (v.external || v.weight || v.view) {
    const copy = low.temp(value.name, value.type.dtype, low.shape(id));
    low.plan.layers.push({
      name: 'Copy',
      op: 'Copy',
      attrs: {},
      inputs: [at],
      opInputs: 1,
      outputs: [copy],
      sources: [],
    });
    at = copy;
  }
  low.plan.values[at]!.external = 'output';
  low.plan.outputs.push({ name: value.name, value: at });
}

function lowerNode(low: Lowering, node: Node, inline: ReadonlySet<NodeId>): void {
  lowerOne(low, node, inline);
  for (const v of node.outputs) low.learn(v);
}

function lowerOne(low: Lowering, node: Node, inline: ReadonlySet<NodeId>): void {
  if (node.domain === FUSED_DOMAIN || node.body) {
    const body = low.body(node);
    const nodes = node.body!.topological();
    if (!inline.has(node.id)) {
      const quantized = nodes.some(isQuantizer);
      // Between its quantizations a body holds what a fused node of another kind holds, or one operator.
      const rest = (n: readonly Node[], results: readonly ValueId[]): boolean => {
        if (n.length > 1) return lowerFused(body, n, results);
        lowerNode(body, n[0]!, inline);
        return true;
      };
      if (quantized ? lowerQuantized(body, nodes, rest) : lowerFused(body, nodes, node.body!.outputs)) return;
    }
    // What comes behind a Gather was one kernel before the two were joined, and is one again.
    const [gather, ...chain] = nodes;
    if (gather?.op === 'Gather' && chain.length > 0 && chain.every(isPointwise)) {
      lowerNode(body, gather, inline);
      lowerPointwise(body, chain, node.body!.outputs);
      for (const n of chain) for (const v of n.outputs) body.learn(v);
      return;
    }
    for (const n of nodes) lowerNode(body, n, inline);
    return;
  }
  if (node.domain !== '') {
    const row = TABLE[`${node.domain}.${node.op}`];
    return row || !lowerPlugin(low, node) ? lowerEntry(low, node, row) : undefined;
  }
  if (isQuantizer(node) && lowerQuantizer(low, node)) return;
  if (REGIONS.has(node.op)) {
    const branch = node.op === 'If' ? decidedBranch(low, node) : null;
    return branch ? lowerBranch(low, node, branch, inline) : lowerRegions(low, node);
  }
  if (onSequences(low, node) || decidedByRun(low, node)) {
    if (!findOp(node.domain, node.op)) throw new UnknownOperator();
    return lowerAsIs(low, node, true);
  }
  if (RESHAPES.has(node.op)) return lowerReshape(low, node);
  if (isPointwise(node)) return lowerPointwise(low, [node], node.outputs);
  if (CORE_OPS.has(node.op)) {
    if (lowerCore(low, [node], [node.outputs[0]!])) return;
    if (node.op === 'Gemm') return lowerGeneralGemm(low, node);
    throw new BuildError(`${node.op} "${node.name}" uses a form that the runtime cannot execute`, node.source);
  }
  if (node.op === 'Split' && lowerConstantSplit(low, node)) return;
  switch (node.op) {
    case 'Transpose':
      return lowerTranspose(low, node);
    case 'Shape':
    case 'Size':
      return lowerShape(low, node);
    case 'Expand':
    case 'ConstantOfShape':
      return lowerFill(low, node);
    case 'BatchNormalization':
      return lowerBatchNorm(low, node);
  }
  const row = TABLE[node.op];
  if (row) return lowerEntry(low, node, row);
  if (!findOp('', node.op)) throw new UnknownOperator();
  lowerAsIs(low, node, false);
}

/** One layer by its row of the table. */
function lowerEntry(low: Lowering, node: Node, row: (typeof TABLE)[string] | undefined): void {
  if (!row) throw new UnknownOperator();
  const entry = row(low, node);
  const inputs = entry.inputs ? entry.inputs.map((i) => node.inputs[i] ?? null) : node.inputs;
  low.layer(node, {
    op: entry.op,
    ...(entry.attrs ? { attrs: entry.attrs } : {}),
    ...(entry.viewWish ? { viewWish: true } : {}),
    ...(entry.start === undefined ? {} : { start: entry.start }),
    inputs: inputs.map((v) => (v === null ? -1 : low.value(v))),
    outputs: node.outputs.map((v) => low.value(v)),
  });
}

/** The branch of an If whose condition is known, in its place. */
function lowerBranch(low: Lowering, node: Node, graph: Graph, inline: ReadonlySet<NodeId>): void {
  const child = low.branch(node, graph, 1);
  for (const n of graph.topological()) lowerNode(child, n, inline);
  graph.outputs.forEach((v, i) => {
    const y = low.value(node.outputs[i]!);
    low.layer(node, { op: 'Reshape', inputs: [child.value(v)], outputs: [y], viewWish: true });
  });
}

/** True when the whole body became one layer. */
function lowerFused(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): boolean {
  if (nodes.every(isPointwise)) {
    lowerPointwise(low, nodes, results);
    return true;
  }
  if (nodes.some((n) => n.op === 'Transpose') && nodes.every((n) => n.op === 'Transpose' || RESHAPES.has(n.op))) {
    return lowerShuffle(low, nodes, results);
  }
  const matmuls = nodes.filter((n) => n.op === 'MatMul').length;
  if (matmuls === 2 && nodes.some((n) => n.op === 'Softmax')) return lowerAttention(low, nodes, results);
  if (nodes.some((n) => n.op === 'Softmax' || n.op === 'LogSoftmax')) return lowerSoftmax(low, nodes, results);
  return lowerCore(low, nodes, results);
}

function lowerPointwise(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): void {
  const { program, extra } = buildProgram(low, nodes, [], results);
  low.layer(nodes[0]!, {
    name: nameOf(nodes),
    op: 'Pointwise',
    inputs: extra.map((v) => low.value(v)),
    outputs: results.map((v) => low.value(v)),
    program,
  });
}

/** Elementwise operators → Softmax: the program is a prologue on the operand that has the result's shape. */
function lowerSoftmax(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): boolean {
  const softmax = nodes[nodes.length - 1]!;
  const before = nodes.slice(0, -1);
  if (
    (softmax.op !== 'Softmax' && softmax.op !== 'LogSoftmax') ||
    !before.every(isPointwise) ||
    results[0] !== softmax.outputs[0]
  )
    return false;
  const entry = TABLE[softmax.op]!(low, softmax);
  const end = softmax.inputs[0]!;
  const wanted = low.shape(end);
  const inside = new Set(before.flatMap((n) => n.outputs));
  const main = before
    .flatMap((n) => n.inputs)
    .find(
      (v) =>
        v !== null && !inside.has(v) && !low.weightOf(v) && JSON.stringify(low.shape(v)) === JSON.stringify(wanted),
    );
  if (main === undefined || main === null) return false;
  const { program, extra } = buildProgram(low, before, [main], [end]);
  low.layer(softmax, {
    name: nameOf(nodes),
    op: 'Softmax',
    attrs: entry.attrs!,
    inputs: [low.value(main)],
    extra: extra.map((v) => low.value(v)),
    outputs: [low.value(results[0]!)],
    program,
  });
  return true;
}
