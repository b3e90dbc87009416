import { tensorNames } from '../calibration/names.ts';
import type { Ranges } from '../calibration/rangeTable.ts';
import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';

/** A calibrated tensor that the optimized graph no longer has: it lives inside a fused layer, or nowhere. */
export interface LostTensor {
  readonly tensor: string;
  /** Name of the layer that computes it inside; null where it was folded, or the table is of another model. */
  readonly inside: string | null;
}

/**
 * The tensors of a range table that are no values of the optimized graph (a cache that was made with other passes, or by
 * TensorRT, names them), and the layer each is inside of.
 */
export function lostTensors(
  optimized: Optimized,
  ranges: Ranges,
  layers: readonly { readonly name: string; readonly sources: readonly SourceId[] }[],
): LostTensor[] {
  const present = new Set(tensorNames(optimized.graph).values());
  const layerOf = new Map<SourceId, string>();
  for (const l of layers) for (const s of l.sources) layerOf.set(s, l.name);
  const { initial } = optimized;
  const makers = new Map<string, readonly SourceId[]>();
  for (const [id, name] of tensorNames(initial)) makers.set(name, initial.producer(id)?.source ?? []);
  return ranges.table.entries
    .filter((e) => !present.has(e.tensor))
    .map((e) => {
      const found = (makers.get(e.tensor) ?? []).map((s) => layerOf.get(s)).find((n) => n !== undefined);
      return { tensor: e.tensor, inside: found ?? null };
    });
}
