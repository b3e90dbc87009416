import { basename } from 'node:path';
import { SymbolTable } from '../engine/encode.ts';
import type { EngineMessage } from '../engine/messages.ts';
import type { Optimized } from '../passes/pass.ts';
import { PlanEncoder } from './encodePlan.ts';
import { fatesOf } from './fates.ts';
import { librariesOf } from './libraries.ts';
import { pluginsOf } from './lower/plugin.ts';
import type { MemoryPlan } from './memory.ts';
import { needsRegions } from './open.ts';
import { ASSUMED, type Binding, type DimRange, type Plan } from './plan.ts';
import { WeightTable } from './weights.ts';

export interface Assembly {
  readonly device: string;
  readonly threads: number;
  readonly ranges: ReadonlyMap<string, DimRange>;
  readonly bind: Binding;
  readonly max: Binding;
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
  plan: Plan,
  memory: MemoryPlan,
  o: Assembly,
): { message: EngineMessage; weightBytes: number } {
  const symbols = new SymbolTable();
  const sources = [...optimized.initial.sources.values()];
  const sourceIndex = new Map(sources.map((s, i) => [s.id, i]));
  const encoder = new PlanEncoder(symbols, new WeightTable(o.bind), sourceIndex, o);
  const { values, inputs, layers, outputs } = encoder.encode(plan, memory, false);

  const fates = fatesOf(optimized, plan);
  const plugins = pluginsOf(plan);
  const libraries = librariesOf(plan);
  const message: EngineMessage = {
    format: 1,
    requiredFeatures: [
      ...(libraries.length > 0 ? ['libraries'] : []),
      ...(plugins.length > 0 ? ['plugins'] : []),
      ...(needsRegions(plan, o.max) ? ['regions'] : []),
    ],
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
    values,
    inputs,
    outputs,
    layers,
    weights: encoder.table.entries,
    memory: { arenaBytes: memory.arenaBytes, lowerBound: memory.lowerBound, withoutReuse: memory.withoutReuse },
    sources: sources.map((s) => ({ id: s.id, op: s.op, name: s.name, fate: fates[s.id] ?? '' })),
    threads: o.threads,
    plugins,
    libraries,
  };
  message.profiles = [{ ranges: symbols.names.map((name) => o.ranges.get(name) ?? DECIDED_BY_RUN) }];
  return { message, weightBytes: encoder.table.bytes };
}
