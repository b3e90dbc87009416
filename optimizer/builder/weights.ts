import { dtypeNumber } from '../engine/encode.ts';
import type { WeightExprMessage, WeightMessage } from '../engine/messages.ts';
import { byteLength } from '../ir/dtype.ts';
import { countOf } from '../ir/tensor.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { layerForm } from './encode.ts';
import { evaluateLayer } from './evaluateLayer.ts';
import type { Plan, PlanLayer } from './plan.ts';

/** The message of an expression. Shared subtrees are encoded where they stand; the native side memoises by structure. */
export function encodeWeight(w: WeightExpr): WeightExprMessage {
  const typed = { dtype: dtypeNumber(w.dtype), shape: [...w.shape] };
  switch (w.kind) {
    case 'file':
      return { ...typed, file: { file: w.file, offset: w.offset, length: w.length } };
    case 'literal':
      return { ...typed, literal: w.value.bytes };
    case 'cast':
      return { ...typed, cast: encodeWeight(w.input) };
    case 'reshape':
      return { ...typed, reshape: encodeWeight(w.input) };
    case 'transpose':
      return { ...typed, transpose: { input: encodeWeight(w.input), perm: [...w.perm] } };
    case 'concat':
      return { ...typed, concat: { inputs: w.inputs.map(encodeWeight), axis: w.axis } };
    case 'slice':
      return { ...typed, slice: { input: encodeWeight(w.input), axis: w.axis, start: w.start } };
    case 'scale': {
      const shift = w.shift ? { shift: encodeWeight(w.shift) } : {};
      return {
        ...typed,
        scale: { input: encodeWeight(w.input), axis: w.axis, factor: encodeWeight(w.factor), ...shift },
      };
    }
    case 'evaluate': {
      const { layer, inputs } = evaluateLayer(w);
      return {
        ...typed,
        evaluate: { layer, inputs: inputs.map((i) => (i ? { expr: encodeWeight(i) } : {})), output: w.output },
      };
    }
  }
}

/** A cache line of a GPU: what starts within one is read as two. */
const ALIGN = 128;

/** Collects the constants of a plan: one entry per expression and packing, laid out one after the other in the blob. */
export class WeightTable {
  readonly entries: WeightMessage[] = [];
  bytes = 0;
  private readonly known = new Map<string, number>();

  /** Index of the entry for a layer's constant input in the form that its tactic wants; layers count in pre-order. */
  entry(plan: Plan, l: PlanLayer, layerIndex: number, input: number): number {
    const weight = plan.values[l.inputs[input]!]!.weight!;
    const packing = l.tactic?.packing[input];
    const recipe = packing?.recipe ?? '';
    // A packing may depend on everything about its layer but open sizes, whatever they are at run time; equal layers share it.
    const form = recipe === '' ? '' : `${recipe}:${Buffer.from(layerForm(plan, l)).toString('latin1')}`;
    const key = `${weight.hash}:${form}`;
    const seen = this.known.get(key);
    if (seen !== undefined) return seen;
    const length = recipe === '' ? byteLength(weight.dtype, countOf(weight.shape)) : packing!.bytes;
    const offset = Math.ceil(this.bytes / ALIGN) * ALIGN;
    this.bytes = offset + length;
    this.entries.push({
      expr: encodeWeight(weight),
      hash: weight.hash,
      recipe,
      offset,
      length,
      layer: layerIndex,
      input,
    });
    this.known.set(key, this.entries.length - 1);
    return this.entries.length - 1;
  }
}
