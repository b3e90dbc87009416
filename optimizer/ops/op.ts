import type { DimExpr, Shape } from '../ir/dim.ts';
import type { DataType } from '../ir/dtype.ts';
import type { Attrs, AttrValue, Graph, Node, TensorType } from '../ir/graph.ts';
import type { TensorLiteral } from '../ir/tensor.ts';

/** Colour and glyph groups of the studio. */
export type OpCategory =
  | 'convolution'
  | 'matrix'
  | 'activation'
  | 'elementwise'
  | 'pooling'
  | 'normalization'
  | 'shape'
  | 'other';

export interface AttrSpec {
  readonly type: 'int' | 'float' | 'string' | 'ints' | 'floats' | 'strings' | 'tensor' | 'graph';
  readonly default?: AttrValue;
  readonly required?: boolean;
}

/** What shape inference sees of a node. All shapes may be symbolic; `null` type = absent optional input. */
export interface InferContext {
  readonly node: Pick<Node, 'op' | 'attrs' | 'inputs' | 'outputs' | 'name'>;
  readonly inputs: readonly (TensorType | null)[];
  /** Value of an integer input known at import, element by element (a symbolic Reshape target, for one); else null. */
  data(index: number): readonly DimExpr[] | null;
  /** A constant small input, any dtype; else null. */
  literal(index: number): TensorLiteral | null;
  /** A new symbol for a dimension that only data decides. */
  fresh(hint: string): DimExpr;
  /** Types of a subgraph attribute's outputs, given the types (and known contents) of its inputs. */
  inferBody(
    name: string,
    inputs: readonly (TensorType | null)[],
    data?: readonly (readonly DimExpr[] | null)[],
  ): readonly TensorType[];
  attr<T extends AttrValue>(name: string): T;
}

/** Types of the outputs; `data` carries symbolic values of small integer outputs on (Shape, Gather, Concat, …). */
export interface Inferred {
  readonly types: readonly TensorType[];
  readonly data?: readonly (readonly DimExpr[] | null)[];
}

/** Rewrites a node of an older opset into the newest form; may add constants and helper nodes to the graph. */
export type Upgrade = (graph: Graph, node: Node) => void;

export interface OpDef {
  readonly op: string;
  readonly domain?: string;
  readonly category: OpCategory;
  /** Versions at which the standard changed the operator, ascending; the last one is the canonical form of the IR. */
  readonly since: readonly number[];
  /** Applied to a node whose model imports an opset below `below`, in order. */
  readonly upgrades?: readonly { readonly below: number; readonly apply: Upgrade }[];
  readonly attrs: Readonly<Record<string, AttrSpec>>;
  readonly inputs: readonly [min: number, max: number];
  readonly outputs: readonly [min: number, max: number];
  /** True for operators that compute each output element from the matching input elements (numpy broadcasting). */
  readonly pointwise?: boolean;
  /** Throws OpError (one sentence, no stack shown) when inputs or attributes do not fit. */
  infer(ctx: InferContext): Inferred;
  /** Floating-point operations at given static shapes; bytes are computed generically. */
  flops?(node: Node, inputs: readonly (readonly number[])[], outputs: readonly (readonly number[])[]): number;
}

/** A model that contradicts an operator's definition. The message is shown to people: one sentence. */
export class OpError extends Error {
  override readonly name = 'OpError';
}

/** A use of an operator that is legal but not known here (an element type, for one): the node counts as unsupported. */
export class UnsupportedUse extends OpError {}

/** Identity with types: gives operator files their one form. */
export const defineOp = (def: OpDef): OpDef => def;

export const typeOf = (dtype: DataType, shape: Shape | null): TensorType => ({ dtype, shape });

/** Attribute of a node, or the definition's default. */
export function attrOr(def: OpDef, attrs: Attrs, name: string): AttrValue | undefined {
  return attrs[name] ?? def.attrs[name]?.default;
}
