import type { DataType } from './dtype.ts';
import type { AttrValue } from './graph.ts';
import type { TensorLiteral } from './tensor.ts';

/**
 * Where a constant's bytes come from. Weights stay out of JavaScript: the native side maps the files, evaluates the
 * expression and streams the result into the engine or the exported model.
 * Every expression knows its dtype, its shape and its `hash` (of its structure; equal hashes are equal bytes).
 */
export type WeightExpr =
  | FileWeight
  | LiteralWeight
  | (Typed & { readonly kind: 'cast'; readonly input: WeightExpr })
  | (Typed & { readonly kind: 'reshape'; readonly input: WeightExpr })
  | (Typed & { readonly kind: 'transpose'; readonly input: WeightExpr; readonly perm: readonly number[] })
  | (Typed & { readonly kind: 'concat'; readonly inputs: readonly WeightExpr[]; readonly axis: number })
  | (Typed & { readonly kind: 'slice'; readonly input: WeightExpr; readonly axis: number; readonly start: number })
  | ScaleWeight
  | EvaluateWeight;

interface Typed {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly hash: string;
}

/** A run of bytes in one of the model's files (`Graph.files[file]`); 64-bit offsets are exact up to 2^53. */
export interface FileWeight extends Typed {
  readonly kind: 'file';
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** At most LITERAL_LIMIT elements. */
export interface LiteralWeight extends Typed {
  readonly kind: 'literal';
  readonly value: TensorLiteral;
}

/** input · factor (+ shift), factor and shift one-dimensional along `axis`; computed in float64, rounded once. */
export interface ScaleWeight extends Typed {
  readonly kind: 'scale';
  readonly input: WeightExpr;
  readonly axis: number;
  readonly factor: WeightExpr;
  readonly shift: WeightExpr | null;
}

/** One standard operator applied to constants by the native reference kernels; `output` picks among its results. */
export interface EvaluateWeight extends Typed {
  readonly kind: 'evaluate';
  readonly op: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly inputs: readonly (WeightExpr | null)[];
  readonly output: number;
}
