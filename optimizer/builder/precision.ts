import { tensorNames } from '../calibration/names.ts';
import type { Ranges } from '../calibration/rangeTable.ts';
import type { Graph, SourceId } from '../ir/graph.ts';
import { BuildError, type PlanLayer, type PlanValue } from './plan.ts';
import { isQuantized, type Storage } from './planSearch/format.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';

/** What people call the storages. */
export const PRECISIONS = { fp32: '', bf16: 'bfloat16', fp16: 'float16', int8: 'int8' } as const satisfies Record<
  string,
  Storage
>;
export type Precision = keyof typeof PRECISIONS;

/** What a build may be permitted to store wherever nothing is pinned, besides the model's own; by the names people use. */
export const PERMITTED = {
  fp32: [],
  fp16: ['float16'],
  bf16: ['bfloat16'],
  int8: ['int8'],
  'int8+fp16': ['int8', 'float16'],
  mixed: ['int8', 'bfloat16', 'float16'],
} as const satisfies Record<string, readonly Storage[]>;

/** A precision, or "float": anything permitted but INT8. */
export type PinKind = Precision | 'float';

/** From the most careful to the least. */
export const PIN_KINDS: readonly PinKind[] = ['fp32', 'bf16', 'fp16', 'float', 'int8'];

/** Operators (by source id or by name in the model) whose precision is not the builder's to choose. */
export type Pins = { readonly [K in PinKind]?: readonly string[] };

/**
 * Storages wherever nothing is pinned: INT8 (where calibration has a range) unless told otherwise. Of different pins within
 * one layer the most careful one holds. float16 is closed to values that calibration saw beyond its range. Throws BuildError
 * when a pin names no operator of the model: a typing mistake would otherwise go unnoticed.
 */
export function precisionPolicy(
  graph: Graph,
  ranges: Ranges | null,
  pins: Pins = {},
  permitted: readonly Storage[] = ['int8'],
): PrecisionPolicy {
  const names = tensorNames(graph);
  const pinned = pinnedSources(graph, pins);
  const free: readonly Storage[] = ['', ...permitted.filter((s) => s !== '')];
  const entryOf = (value: PlanValue) => {
    const name = value.ir === undefined ? undefined : names.get(value.ir);
    return name === undefined ? undefined : ranges?.entry(name);
  };
  return {
    amax: (value) => {
      const entry = entryOf(value);
      return entry && entry.amax > 0 ? entry.amax : undefined;
    },
    largest: (value) => {
      const entry = entryOf(value);
      return entry && Math.max(-entry.min, entry.max, entry.infinite > 0 ? Number.POSITIVE_INFINITY : 0);
    },
    storages: (layer: PlanLayer) => {
      const pin = PIN_KINDS.find((k) => layer.sources.some((s) => pinned[k].has(s)));
      if (pin === undefined) return free;
      return pin === 'float' ? free.filter((s) => !isQuantized(s)) : [PRECISIONS[pin]];
    },
  };
}

function pinnedSources(graph: Graph, pins: Pins): Record<PinKind, ReadonlySet<SourceId>> {
  const sources = [...graph.sources.values()];
  const found = (pin: string): SourceId[] => {
    const hits = sources.filter((s) => s.id === pin || s.name === pin);
    if (hits.length === 0) throw new BuildError(`no operator of the model is called "${pin}"`);
    return hits.map((s) => s.id);
  };
  const of = (k: PinKind): ReadonlySet<SourceId> => new Set((pins[k] ?? []).flatMap(found));
  return { fp32: of('fp32'), bf16: of('bf16'), fp16: of('fp16'), float: of('float'), int8: of('int8') };
}

/** Both sets of pins; on one operator the more careful one holds. */
export function mergePins(a: Pins, b: Pins): Pins {
  return Object.fromEntries(PIN_KINDS.map((k) => [k, [...(a[k] ?? []), ...(b[k] ?? [])]]));
}
