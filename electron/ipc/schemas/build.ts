import * as z from 'zod';
import { float64s, handle, sourceIds } from './common.ts';

export const reportLayer = z.object({
  index: z.number(),
  name: z.string(),
  op: z.string(),
  tactic: z.string(),
  /** The fewest bits that an operand was stored in; '' = everything as the model has it. */
  stored: z.enum(['', 'int8', 'uint8', 'float16', 'bfloat16']),
  sources: sourceIds,
  /** Estimates in nanoseconds, best first. */
  candidates: z.array(z.object({ tactic: z.string(), estimate: z.number() })),
  layouts: z.string(),
  outputs: z.array(
    z.object({ name: z.string(), dtype: z.string(), shape: z.string(), bytes: z.number(), storage: z.string() }),
  ),
  flops: z.number(),
  bytes: z.number(),
});
export type ReportLayer = z.infer<typeof reportLayer>;

/** Mirrors optimizer/builder/report.ts. */
export const buildReport = z.object({
  engine: z.object({ path: z.string(), bytes: z.number(), weightBytes: z.number() }),
  model: z.object({ name: z.string(), hash: z.string() }),
  device: z.string(),
  threads: z.number(),
  operators: z.number(),
  layers: z.array(reportLayer),
  memory: z.object({ arena: z.number(), lowerBound: z.number(), withoutReuse: z.number() }),
  milliseconds: z.record(z.string(), z.number()),
  fates: z.record(z.string(), z.string()),
});
export const buildResult = z.object({ engine: handle, revision: z.number(), report: buildReport });
export type BuildResult = z.infer<typeof buildResult>;

export const layerTime = z.object({
  layer: z.number(),
  name: z.string(),
  op: z.string(),
  tactic: z.string(),
  sources: sourceIds,
  /** Nanoseconds. */
  median: z.number(),
  min: z.number(),
  max: z.number(),
  flops: z.number(),
  bytes: z.number(),
});
export type LayerTime = z.infer<typeof layerTime>;

export const profileResult = z.object({
  engine: handle,
  device: z.string(),
  threads: z.number(),
  /** Whole-engine nanoseconds per iteration, in order, measured with the layer timers off. */
  samples: float64s,
  latency: z.object({
    mean: z.number(),
    median: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
    min: z.number(),
    max: z.number(),
  }),
  layers: z.array(layerTime),
});
export type ProfileResult = z.infer<typeof profileResult>;
