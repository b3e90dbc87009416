import type { SourceId } from '../ir/graph.ts';
import type { Profile } from '../runtime.ts';
import type { EngineMessage } from './messages.ts';

/** Nanoseconds; percentiles by the nearest-rank method. */
export interface Latency {
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

export interface LayerProfile {
  readonly index: number;
  readonly name: string;
  readonly op: string;
  readonly tactic: string;
  readonly device: string;
  readonly sources: readonly SourceId[];
  /** Nanoseconds per run. */
  readonly median: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of the sum over layers, 0 … 1. */
  readonly share: number;
}

export interface ProfileReport {
  readonly engine: string;
  readonly threads: number;
  readonly iterations: number;
  /** Whole engine, layer timers off. The sum of the layers is another number: it includes the timers. */
  readonly latency: Latency;
  /** Runs a second, one after the other. */
  readonly throughput: number;
  readonly layerSum: number;
  readonly layers: readonly LayerProfile[];
  readonly sources: readonly {
    readonly id: SourceId;
    readonly op: string;
    readonly name: string;
    readonly fate: string;
  }[];
}

export function latencyOf(samples: ArrayLike<number>): Latency {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  if (n === 0) return { mean: 0, median: 0, p90: 0, p95: 0, p99: 0, min: 0, max: 0 };
  const at = (p: number): number => sorted[Math.min(n - 1, Math.max(0, Math.ceil(p * n) - 1))]!;
  const mean = sorted.reduce((a, b) => a + b, 0) / n;
  return { mean, median: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), min: sorted[0]!, max: sorted[n - 1]! };
}

export function profileReport(header: EngineMessage, profile: Profile, threads: number): ProfileReport {
  const stats = profile.layers.map((l) => ({ layer: l.layer, ...latencyOf(l.samples) }));
  const layerSum = stats.reduce((s, l) => s + l.median, 0);
  const latency = latencyOf(profile.total);
  return {
    engine: header.name || header.provenance.modelName,
    threads,
    iterations: profile.total.length,
    latency,
    throughput: latency.median > 0 ? 1e9 / latency.median : 0,
    layerSum,
    layers: stats.map((s) => {
      const layer = header.layers[s.layer]!;
      return {
        index: s.layer,
        name: layer.name,
        op: layer.op,
        tactic: layer.tactic,
        device: layer.device,
        sources: layer.sources.map((i) => header.sources[i]!.id),
        median: s.median,
        mean: s.mean,
        min: s.min,
        max: s.max,
        share: layerSum > 0 ? s.median / layerSum : 0,
      };
    }),
    sources: header.sources,
  };
}
