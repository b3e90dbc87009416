import { encodeDim, type SymbolTable } from '../engine/encode.ts';
import type { LayerMessage, RegionMessage, ValueMessage } from '../engine/messages.ts';
import { byteLength } from '../ir/dtype.ts';
import { dimsOf, encodeLayer, encodeValue } from './encode.ts';
import { isPooled, type MemoryPlan, workspaceOf } from './memory.ts';
import { type Binding, isOpen, type Plan, type PlanLayer } from './plan.ts';
import type { WeightTable } from './weights.ts';

export interface EncodedPlan {
  readonly values: ValueMessage[];
  readonly inputs: { name: string; value: number }[];
  readonly outputs: { name: string; value: number }[];
  readonly layers: LayerMessage[];
}

/** Writes plans as messages: the main one, and those of regions, which share its symbols and weights. */
export class PlanEncoder {
  readonly table: WeightTable;
  private readonly symbols: SymbolTable;
  private readonly sourceIndex: ReadonlyMap<string, number>;
  private readonly at: { readonly device: string; readonly max: Binding };
  /** Layers written so far, those of other plans included: a layer counts before those of its regions. */
  count = 0;

  constructor(
    symbols: SymbolTable,
    table: WeightTable,
    sourceIndex: ReadonlyMap<string, number>,
    at: { readonly device: string; readonly max: Binding },
  ) {
    this.symbols = symbols;
    this.table = table;
    this.sourceIndex = sourceIndex;
    this.at = at;
  }

  encode(plan: Plan, memory: MemoryPlan, inRegion: boolean): EncodedPlan {
    // Only values that layers or bindings touch are written; constants get one value per packed form.
    const values: ValueMessage[] = [];
    const index = new Map<string, number>();
    const remember = (key: string, make: () => ValueMessage): number => {
      const seen = index.get(key);
      if (seen !== undefined) return seen;
      const message = make();
      const at = values.push(message) - 1;
      index.set(key, at);
      return at;
    };
    const constant = (v: number, entry: number): number =>
      remember(`w${entry}`, () => ({ ...encodeValue(plan.values[v]!, this.symbols), weight: entry }));
    const activation = (v: number): number =>
      remember(`v${v}`, () => this.activation(plan, v, memory, inRegion, activation));

    const bound = plan.inputs.map((b) => ({ name: b.name, value: b.value < 0 ? -1 : activation(b.value) }));
    const layers = plan.layers.map((l, t): LayerMessage => {
      const number = this.count++;
      const inputs = l.inputs.map((v, i) =>
        v < 0 ? -1 : plan.values[v]!.weight ? constant(v, this.table.entry(plan, l, number, i)) : activation(v),
      );
      const outputs = l.outputs.map(activation);
      return { ...this.layer(l, t, memory), inputs, outputs };
    });
    const results = plan.outputs.map((b) => ({ name: b.name, value: activation(b.value) }));
    return { values, inputs: bound, layers, outputs: results };
  }

  private activation(
    plan: Plan,
    v: number,
    memory: MemoryPlan,
    inRegion: boolean,
    activation: (v: number) => number,
  ): ValueMessage {
    const value = plan.values[v]!;
    const pooled = isPooled(plan, v, this.at.max, inRegion);
    const message = encodeValue(value, this.symbols);
    if (!isOpen(value, this.at.max)) {
      const count = dimsOf(value, this.at.max).reduce((a, b) => a * b, 1);
      message.maxBytes = byteLength(value.dtype, count);
    }
    if (message.view) message.view = { ...message.view, of: activation(value.view!.of) };
    else if (pooled && !(message.external && !inRegion)) {
      message.pooled = true;
      delete message.external;
    } else if (!value.external) message.arenaOffset = memory.offsets.get(v) ?? 0;
    return message;
  }

  private layer(l: PlanLayer, t: number, memory: MemoryPlan): LayerMessage {
    const dims = (l.dims ?? []).map((d) => encodeDim(d, this.symbols));
    const regions = memory.regions.get(t);
    const message = encodeLayer(l, dims, {
      device: this.at.device,
      workspaceOffset: memory.workspaces.get(t) ?? 0,
      sources: l.sources.flatMap((s) => this.sourceIndex.get(s) ?? []),
    });
    message.workspace = workspaceOf(l, regions);
    if (l.regions) message.regions = l.regions.map((r, i) => this.region(r, regions![i]!));
    return message;
  }

  private region(plan: Plan, memory: MemoryPlan): RegionMessage {
    const { values, inputs, outputs, layers } = this.encode(plan, memory, true);
    const { arenaBytes, lowerBound, withoutReuse } = memory;
    return {
      values,
      inputs: inputs.map((b) => b.value),
      outputs: outputs.map((b) => b.value),
      layers,
      memory: { arenaBytes, lowerBound, withoutReuse },
    };
  }
}
