import { basename } from 'node:path';
import { SymbolTable } from '../engine/encode.ts';
import type { EngineMessage, PlanMessage } from '../engine/messages.ts';
import type { Optimized } from '../passes/pass.ts';
import { PlanEncoder } from './encodePlan.ts';
import { fatesOf } from './fates.ts';
import { librariesOf } from './libraries.ts';
import { pluginsOf } from './lower/plugin.ts';
import type { MemoryPlan } from './memory.ts';
import { needsRegions } from './open.ts';
import { ASSUMED, type Binding, type DimRange, type Plan } from './plan.ts';
import type { SearchResult } from './planSearch/index.ts';
import { WeightTable } from './weights.ts';

/** One optimization profile and what was planned for it. */
export interface PlannedProfile {
  readonly ranges: ReadonlyMap<string, DimRange>;
  /** Its sizes at `opt` and at `max`. */
  readonly bind: Binding;
  readonly max: Binding;
  readonly plan: Plan;
  readonly memory: MemoryPlan;
  readonly search: SearchResult;
}

export interface Assembly {
  readonly device: string;
  readonly threads: number;
  readonly modelHash: string;
  readonly features: readonly string[];
  readonly producer: string;
  /** Choices of the user that shaped the engine, for provenance. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** The range of a symbol that the inputs' shapes do not bind. */
const DECIDED_BY_RUN = { min: 0, opt: ASSUMED, max: Number.MAX_SAFE_INTEGER };

/** The engine's header: everything but the weight bytes, whose places in the blob are already fixed. */
export function assemble(
  optimized: Optimized,
  profiles: readonly PlannedProfile[],
  o: Assembly,
): { message: EngineMessage; weightBytes: number } {
  const symbols = new SymbolTable();
  const sources = [...optimized.initial.sources.values()];
  const sourceIndex = new Map(sources.map((s, i) => [s.id, i]));
  const table = new WeightTable();
  let layersBefore = 0;
  const plans = profiles.map(({ plan, memory, max }): PlanMessage => {
    const encoder = new PlanEncoder(symbols, table, sourceIndex, { device: o.device, max });
    encoder.count = layersBefore;
    const encoded = encoder.encode(plan, memory, false);
    layersBefore = encoder.count;
    const { arenaBytes, lowerBound, withoutReuse } = memory;
    return { ...encoded, memory: { arenaBytes, lowerBound, withoutReuse } };
  });
  const [main, ...others] = plans as [PlanMessage, ...PlanMessage[]];

  const fates = fatesOf(optimized, profiles[0]!.plan);
  const plugins = pluginsOf(profiles.map((p) => p.plan));
  const libraries = librariesOf(profiles.map((p) => p.plan));
  const features = {
    libraries: libraries.length > 0,
    plugins: plugins.length > 0,
    profiles: others.length > 0,
    regions: profiles.some((p) => needsRegions(p.plan, p.max)),
  };
  const message: EngineMessage = {
    format: 1,
    requiredFeatures: Object.entries(features).flatMap(([name, needed]) => (needed ? [name] : [])),
    name: optimized.graph.name,
    provenance: {
      producer: o.producer,
      modelName: basename(optimized.graph.files[0]?.path ?? ''),
      modelHash: o.modelHash,
      device: o.device,
      deviceFeatures: [...o.features],
      optionsJson: JSON.stringify({ threads: o.threads, ...o.options }),
    },
    symbols: symbols.names,
    profiles: [],
    ...main,
    weights: table.entries,
    sources: sources.map((s) => ({ id: s.id, op: s.op, name: s.name, fate: fates[s.id] ?? '' })),
    threads: o.threads,
    plugins,
    libraries,
  };
  message.profiles = profiles.map(({ ranges }, i) => ({
    ranges: symbols.names.map((name) => ranges.get(name) ?? DECIDED_BY_RUN),
    ...(i > 0 ? { plan: others[i - 1]! } : {}),
  }));
  return { message, weightBytes: table.bytes };
}
