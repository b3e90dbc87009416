import type { Shape } from '../../ir/dim.ts';
import { type DimExpr, isStatic, symbolsOf } from '../../ir/dim.ts';
import type { DataType } from '../../ir/dtype.ts';
import type { AttrValue, Graph, Node, TensorType, Value, ValueId } from '../../ir/graph.ts';
import { countOf, LITERAL_LIMIT, type TensorLiteral, toNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import type { StoredTensor } from '../../ops/common/quantization.ts';
import { inferTypes } from '../../ops/infer.ts';
import { OpError } from '../../ops/op.ts';
import { BuildError, type LayerAttr, type Plan, type PlanLayer, type PlanView, type Program } from '../plan.ts';

/** Small constants by value: what attributes of layers (Slice starts, Clip bounds, …) are read from. */
export type LiteralOf = (weight: WeightExpr) => TensorLiteral | null;

/** Collects the plan while nodes are lowered one after the other in topological order. */
export class Lowering {
  readonly plan: Plan;
  readonly graph: Graph;
  /** The node of the main graph that layers are accounted to; a body's nodes are all its fused node's. */
  readonly owner: Node | null;
  /** Symbols that the inputs or the layers so far decide. */
  readonly known: Set<string>;
  /** A region's own plan. */
  private readonly region: boolean;
  /** The node whose branch this graph is: its values are not those of the main graph. */
  private readonly branchOf: Node | null;
  private readonly byIr = new Map<ValueId, number>();
  private readonly literalOf: LiteralOf;
  private readonly outerWeights = new Map<ValueId, WeightExpr>();
  /** Values with a scale by what they mean; null for the single operators that are evaluated on constants. */
  private readonly meanings: Map<string, number> | null;

  constructor(
    graph: Graph,
    literalOf: LiteralOf,
    plan?: Plan,
    owner: Node | null = null,
    captured?: ReadonlyMap<ValueId, WeightExpr>,
    known: Set<string> = new Set(),
    branchOf: Node | null = null,
    meanings: Map<string, number> | null = null,
  ) {
    this.known = known;
    this.branchOf = branchOf;
    this.region = captured !== undefined && plan === undefined;
    for (const [id, weight] of captured ?? []) this.outerWeights.set(id, weight);
    this.graph = graph;
    this.literalOf = literalOf;
    this.owner = owner;
    this.plan = plan ?? { values: [], layers: [], inputs: [], outputs: [] };
    this.meanings = meanings;
  }

  /** The lowering of a fused node's body: its inputs and outputs are the node's values of this lowering. */
  body(node: Node): Lowering {
    const graph = node.body!;
    const child = new Lowering(
      graph,
      this.literalOf,
      this.plan,
      this.owner ?? node,
      undefined,
      this.known,
      null,
      this.meanings,
    );
    graph.inputs.forEach((inner, i) => {
      const outer = node.inputs[i];
      if (outer === null || outer === undefined) return;
      const weight = this.weightOf(outer);
      if (weight) child.outerWeights.set(inner, weight);
      child.byIr.set(inner, this.value(outer));
    });
    graph.outputs.forEach((inner, i) => {
      if (!graph.inputs.includes(inner)) child.byIr.set(inner, this.value(node.outputs[i]!));
    });
    return child;
  }

  /** The lowering of a subgraph in the place of its node: `first` is the operand that the subgraph's inputs begin at. */
  branch(node: Node, graph: Graph, first: number): Lowering {
    const child = new Lowering(
      graph,
      this.literalOf,
      this.plan,
      this.owner,
      undefined,
      this.known,
      node,
      this.meanings,
    );
    graph.inputs.forEach((inner, i) => {
      const outer = node.inputs[i + first];
      if (outer === null || outer === undefined) return;
      const weight = this.weightOf(outer);
      if (weight) child.outerWeights.set(inner, weight);
      child.byIr.set(inner, this.value(outer));
    });
    return child;
  }

  /** Contents of a condition, as far as the shapes decide it. */
  decided(id: ValueId): number | null {
    const literal = this.literal(id);
    if (literal) return toNumbers(literal)[0] ?? null;
    this.contents ??= contentsOf(this.graph);
    const known = this.contents.get(id)?.[0];
    return typeof known === 'number' ? known : null;
  }
  private contents: ReadonlyMap<ValueId, readonly DimExpr[]> | null = null;

  /** Whether every output dimension of a node follows from what is known before it runs. */
  outputsKnown(node: Node): boolean {
    return node.outputs.every((v) => {
      const { shape } = this.graph.value(v).type;
      return shape?.every((d) => [...symbolsOf(d)].every((s) => this.known.has(s))) === true;
    });
  }

  /** Once a node is lowered, the symbols of its outputs are known. */
  learn(id: ValueId): void {
    for (const d of this.graph.value(id).type.shape ?? []) symbolsOf(d, this.known);
  }

  /** The constant behind a value, also when a body receives it as an input. */
  weightOf(id: ValueId): WeightExpr | undefined {
    const own = this.graph.value(id).weight ?? this.outerWeights.get(id);
    if (own) return own;
    // A constant in another shape or order is a constant again.
    const at = this.byIr.get(id);
    return at === undefined ? undefined : this.plan.values[at]!.weight;
  }

  /** The plan value of a graph value; constants are created on first use. */
  value(id: ValueId): number {
    const seen = this.byIr.get(id);
    if (seen !== undefined) return seen;
    const v = this.graph.value(id);
    return this.define(v);
  }

  define(v: Value): number {
    // Ids inside a body are the body's own: only values of the main graph are known by theirs.
    const at = this.add(
      v.name,
      v.type,
      this.weightOf(v.id),
      this.owner || this.branchOf || this.region ? undefined : v.id,
    );
    this.byIr.set(v.id, at);
    return at;
  }

  /** Makes a graph value stand for an existing plan value (identity reshapes, dropped casts). */
  alias(id: ValueId, planValue: number): void {
    this.byIr.set(id, planValue);
  }

  /** True where values may carry a scale. */
  get integers(): boolean {
    return this.meanings !== null;
  }

  /** Makes a graph value a constant that lowering found out. */
  settle(id: ValueId, weight: WeightExpr): void {
    this.outerWeights.set(id, weight);
    this.byIr.set(id, this.constant(weight, this.graph.value(id).name));
  }

  /** The integers of a graph value with what they mean; `settleMeanings` decides where that is written. */
  meaning(id: ValueId, q: StoredTensor): number {
    const of = this.value(id);
    const scale = q.scales[0]!;
    const key = `${of}:${scale}:${q.zeroPoint}`;
    const known = this.meanings?.get(key);
    if (known !== undefined) return known;
    const { name, shape } = this.plan.values[of]!;
    const view: PlanView = { of, kind: 'reshape' };
    const at = this.plan.values.push({
      name,
      dtype: q.dtype,
      shape,
      layout: 'linear',
      scale,
      zeroPoint: q.zeroPoint,
      view,
    });
    this.meanings?.set(key, at - 1);
    return at - 1;
  }

  add(name: string, type: TensorType, weight?: WeightExpr, ir?: ValueId | undefined): number {
    const special = type.sequence || type.optional;
    if (type.shape === null && !special) throw new BuildError(unknownShape(name));
    this.plan.values.push({
      name,
      dtype: type.dtype,
      shape: special ? [] : type.shape!,
      ...(type.sequence ? { sequence: true as const } : {}),
      ...(type.optional ? { optional: true as const } : {}),
      layout: 'linear',
      ...(weight ? { weight } : {}),
      ...(ir === undefined ? {} : { ir }),
    });
    return this.plan.values.length - 1;
  }

  temp(name: string, dtype: DataType, shape: Shape): number {
    return this.add(name, { dtype, shape });
  }

  constant(weight: WeightExpr, name = ''): number {
    return this.add(name, { dtype: weight.dtype, shape: weight.shape }, weight);
  }

  view(of: number, shape: Shape, view: Omit<PlanView, 'of'>): number {
    const base = this.plan.values[of]!;
    const at = this.add(base.name, { dtype: base.dtype, shape });
    this.plan.values[at]!.view = { ...view, of };
    return at;
  }

  layer(node: Node, spec: LayerSpec): PlanLayer {
    const own = spec.inputs;
    const extra = spec.extra ?? [];
    const layer: PlanLayer = {
      name: spec.name ?? node.op,
      op: spec.op,
      attrs: spec.attrs ?? {},
      inputs: [...own, ...extra],
      opInputs: own.length,
      outputs: [...spec.outputs],
      sources: (this.owner ?? node).source,
      node: (this.owner ?? this.branchOf ?? node).id,
      ...(spec.program ? { program: spec.program } : {}),
      ...(spec.dims ? { dims: spec.dims } : {}),
      ...(spec.viewWish ? { viewWish: true } : {}),
      ...(spec.foldWish ? { foldWish: true } : {}),
      ...(spec.start === undefined ? {} : { start: spec.start }),
      ...(spec.resolve ? { resolve: true } : {}),
      ...(spec.generic ? { generic: true } : {}),
      ...(spec.bodies ? { bodies: spec.bodies } : {}),
      ...(this.owner ? { fused: true } : {}),
    };
    this.plan.layers.push(layer);
    return layer;
  }

  shape(id: ValueId): Shape {
    const v = this.graph.value(id);
    if (v.type.shape === null) throw new BuildError(unknownShape(v.name));
    return v.type.shape;
  }

  /** Elements of a constant of at most LITERAL_LIMIT elements; null when not constant or larger. */
  literal(id: ValueId | null | undefined): TensorLiteral | null {
    if (id === null || id === undefined) return null;
    return this.literalOfWeight(this.weightOf(id));
  }

  literalOfWeight(weight: WeightExpr | undefined): TensorLiteral | null {
    if (!weight || countOf(weight.shape) > LITERAL_LIMIT) return null;
    return weight.kind === 'literal' ? weight.value : this.literalOf(weight);
  }
}

function contentsOf(graph: Graph): ReadonlyMap<ValueId, readonly DimExpr[]> {
  try {
    return inferTypes(graph.clone()).data;
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    return new Map();
  }
}

export interface LayerSpec {
  readonly name?: string;
  readonly op: string;
  readonly attrs?: Readonly<Record<string, LayerAttr>>;
  readonly inputs: readonly number[];
  readonly extra?: readonly number[];
  readonly outputs: readonly number[];
  readonly program?: Program;
  readonly dims?: PlanLayer['dims'];
  readonly viewWish?: boolean;
  readonly foldWish?: boolean;
  readonly start?: PlanLayer['start'];
  readonly resolve?: boolean;
  readonly generic?: boolean;
  readonly bodies?: PlanLayer['bodies'];
}

export const intAttr = (node: Node, name: string, fallback: number): number => {
  const v: AttrValue | undefined = node.attrs[name];
  return typeof v === 'number' ? v : fallback;
};
export const floatAttr = intAttr;
export const stringAttr = (node: Node, name: string, fallback: string): string => {
  const v = node.attrs[name];
  return typeof v === 'string' ? v : fallback;
};
export const intsAttr = (node: Node, name: string): readonly number[] | null => {
  const v = node.attrs[name];
  return Array.isArray(v) ? (v as readonly number[]) : null;
};

export function staticShape(shape: Shape, node: Node): readonly number[] {
  if (!isStatic(shape)) throw new BuildError(`${node.op} "${node.name}" needs a fixed shape here`, node.source);
  return shape;
}

const unknownShape = (name: string): string =>
  `the shape of "${name || 'a value'}" is not known: say what the inputs are, e.g. --shape x=1x3x224x224`;
