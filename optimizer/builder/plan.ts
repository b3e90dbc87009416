import { type DimExpr, type Shape, symbolsOf } from '../ir/dim.ts';
import type { DataType } from '../ir/dtype.ts';
import type { Graph, NodeId, SourceId, ValueId } from '../ir/graph.ts';
import type { WeightExpr } from '../ir/weight.ts';
import type { Tactic } from '../runtime.ts';

/** What lowering makes of a graph: layers over values, before tactics, layouts and memory are chosen. */
export interface Plan {
  readonly values: PlanValue[];
  readonly layers: PlanLayer[];
  /** Regions: one per operand of the owner, -1 where it is not read. */
  readonly inputs: { name: string; value: number }[];
  readonly outputs: { name: string; value: number }[];
}

export type ViewKind = 'slice' | 'permute' | 'reshape';

/** A value that is a strided part of another one. */
export interface PlanView {
  readonly of: number;
  readonly kind: ViewKind;
  readonly axis?: number;
  readonly start?: DimExpr;
  readonly perm?: readonly number[];
}

export interface PlanValue {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: Shape;
  /** The graph value it stands for; absent for helpers that lowering or planSearch made. */
  readonly ir?: ValueId;
  readonly weight?: WeightExpr;
  /** A list of tensors; the shape says nothing. */
  readonly sequence?: true;
  readonly optional?: true;
  external?: 'input' | 'output';
  view?: PlanView;
  /** Quantized storage: real = (stored - zeroPoint) · scale. */
  readonly scale?: number;
  readonly zeroPoint?: number;
  /** Constants that the model has quantized with a scale per index of an axis. */
  readonly channelScale?: { readonly axis: number; readonly scales: readonly number[] };
  /** Kept in its own storage whatever precision is permitted: statistics of rows. */
  readonly exact?: true;
  /** The model's own dtype, where planSearch stores the value as another one. */
  readonly own?: DataType;
  /** Chosen by planSearch; views take their base's. */
  layout: string;
}

export type LayerAttr =
  | number
  | { readonly float: number }
  | string
  | readonly number[]
  | { readonly floats: readonly number[] };

export interface ProgramInstruction {
  readonly op: string;
  readonly args: readonly number[];
  readonly dtype: DataType;
  readonly params: readonly number[];
}
export interface Program {
  readonly inputCount: number;
  readonly code: readonly ProgramInstruction[];
  readonly outputs: readonly number[];
}

/** One way in which a layer could have been executed, and what became of it. */
export interface Candidate {
  readonly tactic: string;
  /** Storage of inputs and outputs: "linear, nhwc:int8 → nhwc". */
  readonly formats: string;
  /** Nanoseconds: the kernel's own estimate, and what timing gave. */
  readonly estimate: number;
  readonly time?: { readonly min: number; readonly median: number; readonly max: number };
  readonly status: 'chosen' | 'slower' | 'costlier neighbours' | 'not timed' | 'failed' | 'forbidden';
  /** Why it was not chosen, in a few words. */
  readonly reason: string;
}

export interface PlanLayer {
  readonly name: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, LayerAttr>>;
  /** Value indices, -1 = absent: the op's own, then the program's. */
  inputs: number[];
  readonly opInputs: number;
  outputs: number[];
  readonly program?: Program;
  /** op Dims: what it writes. */
  readonly dims?: readonly DimExpr[];
  readonly sources: readonly SourceId[];
  readonly node?: NodeId;
  /** Concat and Split: passes allow the parts to live in the whole's storage (concat elimination). */
  readonly viewWish?: boolean;
  /** LayerNorm: passes allow the products around it to do its work (normalization fusion). */
  readonly foldWish?: boolean;
  /** Slice that becomes a view: where it begins, if that follows from an open dimension. */
  readonly start?: DimExpr;
  /** Attributes or output shapes come from the contents of its inputs when it runs. */
  resolve?: boolean;
  /** One layer of a fused node: what cannot run as one is lowered again operator by operator. */
  readonly fused?: boolean;
  /** The operator as it is, by the kernel of its own name. */
  readonly generic?: boolean;
  /** If: then, else; Loop and Scan: the body. Their plans follow when this one's is settled. */
  readonly bodies?: readonly RegionBody[];
  regions?: readonly Plan[];
  /** Set by planSearch. */
  tactic?: Tactic;
  candidates?: readonly Candidate[];
  flops?: number;
  /** Stream that it runs on (0 = the main one), and the layers on others that must have ended before. */
  stream?: number;
  waits?: readonly number[];
}

/** A subgraph that a layer owns, and the constants that it captures. */
export interface RegionBody {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<ValueId, WeightExpr>;
}

/** The storage that a value finally lives in, following views. */
export function rootOf(plan: Plan, value: number): number {
  let v = value;
  for (let view = plan.values[v]!.view; view; view = plan.values[v]!.view) v = view.of;
  return v;
}

/** Allowed sizes of a symbolic dimension; tactics are chosen at `opt`, memory at `max`. */
export interface DimRange {
  readonly min: number;
  readonly opt: number;
  readonly max: number;
}

/** Concrete dims under a binding of the symbols. */
export type Binding = ReadonlyMap<string, number>;

/** The size that planning takes for a dimension that only running decides. */
export const ASSUMED = 32;

/** Sizes of the inputs' symbols; `get` assumes a size for every other one, `has` tells which are really bound. */
export class OpenBinding extends Map<string, number> {
  override get(name: string): number {
    return super.get(name) ?? ASSUMED;
  }
}

/** True when the value's shape is known only when the layer that makes it runs. */
export const isOpen = (v: PlanValue, bind: Binding): boolean =>
  v.sequence === true || v.optional === true || v.shape.some((d) => [...symbolsOf(d)].some((s) => !bind.has(s)));

/** A build that cannot be done, for a reason that a person can act on: one sentence. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly sources: readonly SourceId[];
  constructor(message: string, sources: readonly SourceId[] = []) {
    super(message);
    this.sources = sources;
  }
}
