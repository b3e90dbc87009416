import type { DimExpr } from '../ir/dim.ts';
import type { Delta, Graph, Node, NodeId, NodeSpec, SourceId, Value, ValueId } from '../ir/graph.ts';
import type { TensorLiteral } from '../ir/tensor.ts';
import type { WeightExpr } from '../ir/weight.ts';

/** Why a rule did not apply at a place: a code with arguments; `refusalText` makes the sentence. */
export interface Refusal {
  readonly refused: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** New nodes and values in place of old ones. Values of `add` are made through the context before returning. */
export interface Replacement {
  /** Nodes whose place the new ones take: shown as the "before" of the application. */
  readonly remove: readonly NodeId[];
  /** Nodes to insert. `source` must cover the removed nodes' sources that they compute. */
  readonly add: readonly NodeSpec[];
  /** Readers of the left value are to read the right one. Values listed in `add` outputs need no entry. */
  readonly replace?: ReadonlyMap<ValueId, ValueId>;
  /** One sentence on what was matched, e.g. "BatchNormalization folded into the convolution's weights". */
  readonly note?: string;
}

export const isRefusal = (r: Replacement | Refusal | null): r is Refusal => r !== null && 'refused' in r;

/** Synchronous evaluation of one operator on small constants by the native reference kernels. */
export interface Evaluator {
  /** null when the runtime cannot compute this operator. */
  peek(
    node: Pick<Node, 'op' | 'domain' | 'attrs'>,
    inputs: readonly (TensorLiteral | null)[],
  ): readonly TensorLiteral[] | null;
  /** Value of a weight expression of at most LITERAL_LIMIT elements; null when it cannot be computed now. */
  literal(weight: WeightExpr): TensorLiteral | null;
}

export interface PassContext {
  readonly graph: Graph;
  readonly evaluator: Evaluator;
  /** Adds a value (a new intermediate or a constant) for use in a replacement; dropped if the rewrite is refused. */
  value(v: Omit<Value, 'id'>): Value;
  constant(weight: WeightExpr, name?: string): Value;
  /** Elements of a small integer value, also symbolic, as shape inference finds them; null when unknown. */
  dimensions(value: ValueId): readonly DimExpr[] | null;
  /** Whether computing the value needs the node's result: fusing the two would make a cycle when it does. */
  dependsOn(value: ValueId, node: NodeId): boolean;
  /** Orders nodes: of two independent ones the later is the one with the longer way from the inputs (ties by id). */
  isLater(a: NodeId, b: NodeId): boolean;
}

export interface Rule {
  /** Unique, kebab-case: "conv-bias-activation". */
  readonly name: string;
  /** For people: "Convolution + bias + activation". */
  readonly title: string;
  /** Operators that the rule is tried at; null = every node. Fused kinds are written `sinter.Conv`. */
  readonly anchors: readonly string[] | null;
  /**
   * null: the pattern is not here. Refusal: it is, but may not be applied. Replacement: do this.
   * Pure: looks at the graph through the context and changes nothing.
   */
  rewrite(node: Node, ctx: PassContext): Replacement | Refusal | null;
}

export interface Pass {
  /** Unique, kebab-case; what `--disable` takes. */
  readonly name: string;
  readonly title: string;
  /** What it does and why, two or three sentences for the studio. */
  readonly doc: string;
  /** The quantity that every application decreases, so that the pass ends: "number of nodes". */
  readonly measure: string;
  readonly rules: readonly Rule[];
}

/** One application of a rule, as traced. */
export interface Application {
  /** hash of rule, sorted sources and occurrence: stable over rebuilds; the user's switch refers to it. */
  readonly key: string;
  readonly rule: string;
  readonly note: string;
  readonly sources: readonly SourceId[];
  readonly removed: readonly NodeId[];
  readonly added: readonly NodeId[];
  readonly delta: Delta;
}

export interface TracedRefusal {
  readonly rule: string;
  readonly node: NodeId;
  readonly sources: readonly SourceId[];
  readonly code: string;
  readonly args: Readonly<Record<string, string | number>>;
}

export interface GraphMeasure {
  readonly nodes: number;
  /** Nodes that will be launched: all but constants and views. */
  readonly launches: number;
  readonly flops: number;
  /** Bytes read and written by all nodes at the static (or `opt`) shapes. */
  readonly bytes: number;
}

/** One execution of a pass (a clean-up may run several times: `run` tells them apart). */
export interface TracedPass {
  readonly pass: string;
  readonly title: string;
  readonly run: number;
  readonly applications: readonly Application[];
  readonly refusals: readonly TracedRefusal[];
  readonly after: GraphMeasure;
  readonly milliseconds: number;
  /** True when the user switched the pass off: it was listed, not run. */
  readonly disabled: boolean;
}

export interface Trace {
  readonly before: GraphMeasure;
  readonly passes: readonly TracedPass[];
  /** Switched-off keys that matched nothing this time. */
  readonly stale: readonly string[];
}

export interface OptimizeOptions {
  /** Pass names to skip. */
  readonly disabledPasses?: ReadonlySet<string>;
  /** Application keys to refuse. */
  readonly disabledApplications?: ReadonlySet<string>;
  readonly onProgress?: (done: number, total: number, pass: string) => void;
  readonly stop?: AbortSignal;
}

/** The result of the pipeline: `initial` with every delta of the trace applied is `graph`. */
export interface Optimized {
  readonly initial: Graph;
  readonly graph: Graph;
  readonly trace: Trace;
}
