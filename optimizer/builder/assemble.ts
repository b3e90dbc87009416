import { basename } from 'node:path';
import { encodeDim, SymbolTable } from '../engine/encode.ts';
import type { EngineMessage, LayerMessage, ValueMessage } from '../engine/messages.ts';
import { byteLength } from '../ir/dtype.ts';
import type { Optimized } from '../passes/pass.ts';
import { dimsOf, encodeLayer, encodeValue } from './encode.ts';
import { fatesOf } from './fates.ts';
import type { MemoryPlan } from './memory.ts';
import type { Binding, DimRange, Plan } from './plan.ts';
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
  const table = new WeightTable(plan, o.bind);

  // Only values that layers or bindings touch are written; constants get one value per packed form.
  const values: ValueMessage[] = [];
  const index = new Map<string, number>();
  const constantValue = (v: number, entry: number): number => {
    const key = `w${entry}`;
    const seen = index.get(key);
    if (seen !== undefined) return seen;
    const at = values.push({ ...encodeValue(plan.values[v]!, symbols), weight: entry }) - 1;
    index.set(key, at);
    return at;
  };
  const activation = (v: number): number => {
    const key = `v${v}`;
    const seen = index.get(key);
    if (seen !== undefined) return seen;
    const value = plan.values[v]!;
    const count = dimsOf(value, o.max).reduce((a, b) => a * b, 1);
    const message = { ...encodeValue(value, symbols), maxBytes: byteLength(value.dtype, count) };
    if (message.view) message.view = { ...message.view, of: activation(value.view!.of) };
    else if (!value.external) message.arenaOffset = memory.offsets.get(v) ?? 0;
    const at = values.push(message) - 1;
    index.set(key, at);
    return at;
  };

  const inputs = plan.inputs.map((b) => ({ name: b.name, value: activation(b.value) }));
  const layers: LayerMessage[] = plan.layers.map((l, t) => {
    const ins = l.inputs.map((v, i) =>
      v < 0 ? -1 : plan.values[v]!.weight ? constantValue(v, table.entry(l, t, i)) : activation(v),
    );
    const outs = l.outputs.map(activation);
    const dims = (l.dims ?? []).map((d) => encodeDim(d, symbols));
    const at = {
      device: o.device,
      workspaceOffset: memory.workspaces.get(t) ?? 0,
      sources: l.sources.flatMap((s) => sourceIndex.get(s) ?? []),
    };
    return { ...encodeLayer(l, dims, at), inputs: ins, outputs: outs };
  });
  const outputs = plan.outputs.map((b) => ({ name: b.name, value: activation(b.value) }));

  const fates = fatesOf(optimized, plan);
  const message: EngineMessage = {
    format: 1,
    requiredFeatures: [],
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
    weights: table.entries,
    memory: { arenaBytes: memory.arenaBytes, lowerBound: memory.lowerBound, withoutReuse: memory.withoutReuse },
    sources: sources.map((s) => ({ id: s.id, op: s.op, name: s.name, fate: fates[s.id] ?? '' })),
    threads: o.threads,
  };
  message.profiles = [
    { ranges: symbols.names.map((name) => o.ranges.get(name) ?? { min: 1, opt: 1, max: Number.MAX_SAFE_INTEGER }) },
  ];
  return { message, weightBytes: table.bytes };
}
