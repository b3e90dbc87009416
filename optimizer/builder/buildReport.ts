import type { EngineMessage } from '../engine/messages.ts';
import { evalDim, shapeText } from '../ir/dim.ts';
import { byteLength } from '../ir/dtype.ts';
import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { PlannedProfile } from './assemble.ts';
import { fallbackOf } from './fallback.ts';
import { layerCost } from './layerCost.ts';
import type { LibraryShare } from './libraries.ts';
import type { Overflow } from './overflow.ts';
import { type Plan, type PlanLayer, rootOf } from './plan.ts';
import type { Storage } from './planSearch/format.ts';
import type { BuildReport, ReportLayer } from './report.ts';
import type { StreamReport } from './streams/choose.ts';

export interface ReportInputs {
  readonly path: string;
  readonly bytes: number;
  readonly weightBytes: number;
  readonly device: string;
  readonly threads: number;
  readonly tuning?: BuildReport['tuning'];
  readonly streams: StreamReport;
  readonly libraries: readonly LibraryShare[];
  readonly planMs: number;
  /** Compiling and timing tactics, parts of `planMs`; timing engines, a part of `writeMs`. */
  readonly tuningMs: Readonly<Record<'compile' | 'time' | 'engines', number>>;
  readonly writeMs: number;
  readonly overflows: readonly Overflow[];
}

/** The fewest bits that an operand of the layer was stored in; '' = everything as the model has it. */
function storedOf(plan: Plan, l: PlanLayer): Storage {
  const found = new Set<string>();
  for (const v of [...l.inputs, ...l.outputs]) if (v >= 0 && plan.values[v]!.own) found.add(plan.values[v]!.dtype);
  return (['int8', 'uint8', 'float16', 'bfloat16'] as const).find((s) => found.has(s)) ?? '';
}

export function reportOf(
  optimized: Optimized,
  profiles: readonly PlannedProfile[],
  header: EngineMessage,
  o: ReportInputs,
): BuildReport {
  const { plan, memory, search, bind } = profiles[0]!;
  const storage = (v: number): string => {
    const value = plan.values[v]!;
    if (value.external) return value.external;
    if (!value.view) return `arena+${memory.offsets.get(v) ?? 0}`;
    return `${value.view.kind} of ${plan.values[rootOf(plan, v)]!.name || 'a buffer'}`;
  };
  const layers: ReportLayer[] = plan.layers.map((l, i) => ({
    index: i,
    name: l.name,
    op: l.op,
    tactic: l.tactic?.name ?? '',
    stored: storedOf(plan, l),
    stream: l.stream ?? 0,
    sources: l.sources,
    candidates: l.candidates ?? [],
    layouts: `${l.inputs.map((v) => (v < 0 ? '-' : plan.values[v]!.weight ? 'const' : plan.values[v]!.layout)).join(', ')} → ${l.outputs.map((v) => plan.values[v]!.layout).join(', ')}`,
    outputs: l.outputs.map((v) => {
      const value = plan.values[v]!;
      const dims = value.shape.map((d) => evalDim(d, bind));
      const bytes = byteLength(
        value.dtype,
        dims.reduce((a, b) => a * b, 1),
      );
      return { name: value.name, dtype: value.dtype, shape: shapeText(value.shape), bytes, storage: storage(v) };
    }),
    ...layerCost(plan, l, bind),
    fallback: fallbackOf(plan, l, bind, o.device),
  }));
  const fates: Record<SourceId, string> = {};
  for (const s of header.sources) fates[s.id] = s.fate;
  return {
    engine: { path: o.path, bytes: o.bytes, weightBytes: o.weightBytes },
    model: { name: header.provenance.modelName, hash: header.provenance.modelHash },
    device: o.device,
    threads: o.threads,
    operators: optimized.initial.nodeCount,
    estimate: search.estimate,
    layers,
    memory: { arena: memory.arenaBytes, lowerBound: memory.lowerBound, withoutReuse: memory.withoutReuse },
    profiles: profiles.map((p) => ({
      ranges: Object.fromEntries(p.ranges),
      layers: p.plan.layers.length,
      estimate: p.search.estimate,
      arena: p.memory.arenaBytes,
    })),
    views: search.views,
    overflows: o.overflows,
    streams: o.streams,
    libraries: o.libraries,
    ...(o.tuning ? { tuning: o.tuning } : {}),
    milliseconds: {
      import: 0,
      optimize: optimized.trace.passes.reduce((s, p) => s + p.milliseconds, 0),
      plan: o.planMs - o.tuningMs.compile - o.tuningMs.time,
      compile: o.tuningMs.compile,
      time: o.tuningMs.time + o.tuningMs.engines,
      write: o.writeMs - o.tuningMs.engines,
      total: o.planMs + o.writeMs,
    },
    fates,
  };
}
