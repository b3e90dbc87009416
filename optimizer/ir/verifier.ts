import { shapeText } from './dim.ts';
import { CycleError, type Graph, type Node, type NodeId, type ValueId } from './graph.ts';

/** A broken rule of the representation: a bug of the program, or of a pass, never of the model. */
export interface VerifyProblem {
  readonly code:
    | 'cycle'
    | 'missing-value'
    | 'undefined-value'
    | 'assigned-twice'
    | 'weight-produced'
    | 'no-source'
    | 'unknown-source'
    | 'body-arity'
    | 'type-mismatch'
    | 'invalid-node';
  readonly message: string;
  readonly node?: NodeId;
  readonly value?: ValueId;
}

export interface VerifyOptions {
  /**
   * Infers a copy of the graph again, so that the recorded types can be compared (ops/ is above ir/, so it is handed
   * in: `(g) => void inferTypes(g)`).
   */
  readonly infer?: (graph: Graph) => void;
}

const label = (n: Node): string => `${n.op} "${n.name || n.source[0] || n.id}"`;

/** Checks single assignment, definedness, order, sources, bodies and, when asked, the types. Empty = sound. */
export function verify(graph: Graph, options: VerifyOptions = {}): VerifyProblem[] {
  const problems: VerifyProblem[] = [];
  const origins = new Map<ValueId, string>();
  for (const v of graph.inputs) {
    if (!graph.findValue(v)) problems.push({ code: 'missing-value', message: `input ${v} does not exist`, value: v });
    else if (graph.value(v).weight)
      problems.push({ code: 'weight-produced', message: `input "${graph.value(v).name}" is a constant`, value: v });
    if (origins.has(v)) problems.push({ code: 'assigned-twice', message: `value ${v} is an input twice`, value: v });
    origins.set(v, 'an input');
  }
  for (const n of graph.nodes()) checkOutputs(graph, n, origins, problems);
  for (const n of graph.nodes()) checkInputs(graph, n, origins, problems);
  for (const v of graph.outputs) {
    const value = graph.findValue(v);
    if (!value) problems.push({ code: 'missing-value', message: `output ${v} does not exist`, value: v });
    else if (!value.weight && !origins.has(v))
      problems.push({ code: 'undefined-value', message: `nothing computes the output "${value.name}"`, value: v });
  }
  try {
    graph.topological();
  } catch (e) {
    if (!(e instanceof CycleError)) throw e;
    problems.push({ code: 'cycle', message: e.message });
  }
  if (options.infer && problems.length === 0) checkTypes(graph, options.infer, problems);
  return problems;
}

function checkOutputs(graph: Graph, n: Node, origins: Map<ValueId, string>, problems: VerifyProblem[]): void {
  if (n.outputs.length === 0)
    problems.push({ code: 'invalid-node', message: `${label(n)} has no outputs`, node: n.id });
  for (const v of n.outputs) {
    const value = graph.findValue(v);
    if (!value) {
      problems.push({
        code: 'missing-value',
        message: `${label(n)} makes value ${v}, which does not exist`,
        node: n.id,
        value: v,
      });
      continue;
    }
    if (value.weight)
      problems.push({
        code: 'weight-produced',
        message: `${label(n)} makes the constant "${value.name}"`,
        node: n.id,
        value: v,
      });
    const other = origins.get(v);
    if (other)
      problems.push({
        code: 'assigned-twice',
        message: `"${value.name || v}" is made by ${label(n)} and is ${other}`,
        node: n.id,
        value: v,
      });
    origins.set(v, `made by ${label(n)}`);
  }
}

function checkInputs(graph: Graph, n: Node, origins: ReadonlyMap<ValueId, string>, problems: VerifyProblem[]): void {
  for (const v of n.inputs) {
    if (v === null) continue;
    const value = graph.findValue(v);
    if (!value)
      problems.push({
        code: 'missing-value',
        message: `${label(n)} reads value ${v}, which does not exist`,
        node: n.id,
        value: v,
      });
    else if (!value.weight && !origins.has(v)) {
      problems.push({
        code: 'undefined-value',
        message: `${label(n)} reads "${value.name || v}", which nothing computes`,
        node: n.id,
        value: v,
      });
    }
  }
  if (n.source.length === 0) problems.push({ code: 'no-source', message: `${label(n)} has no source`, node: n.id });
  for (const s of n.source) {
    if (graph.sources.size > 0 && !graph.sources.has(s)) {
      problems.push({ code: 'unknown-source', message: `${label(n)} names the unknown source "${s}"`, node: n.id });
    }
  }
  if (!n.body) return;
  if (n.body.inputs.length !== n.inputs.length || n.body.outputs.length !== n.outputs.length) {
    problems.push({
      code: 'body-arity',
      message: `${label(n)} has ${n.inputs.length} inputs and ${n.outputs.length} outputs, its body ${n.body.inputs.length} and ${n.body.outputs.length}`,
      node: n.id,
    });
  }
  for (const p of verify(n.body))
    problems.push({ ...p, message: `in the body of ${label(n)}: ${p.message}`, node: n.id });
}

function checkTypes(graph: Graph, infer: (graph: Graph) => void, problems: VerifyProblem[]): void {
  const again = graph.clone();
  try {
    infer(again);
  } catch (e) {
    problems.push({ code: 'invalid-node', message: e instanceof Error ? e.message : String(e) });
    return;
  }
  for (const v of graph.values()) {
    const now = again.value(v.id).type;
    const text = (t: typeof now): string => `${t.dtype} ${shapeText(t.shape)}`;
    if (text(now) !== text(v.type)) {
      const message = `"${v.name || v.id}" is recorded as ${text(v.type)} but is ${text(now)}`;
      problems.push({ code: 'type-mismatch', message, value: v.id });
    }
  }
}
