import * as z from 'zod';
import { handle, sourceIds } from './common.ts';

/** Mirrors LIBRARIES of optimizer/builder/libraries.ts. */
export const librarySource = z.enum(['cublaslt', 'cudnn']);
export type LibrarySource = z.infer<typeof librarySource>;

/** How tactics are chosen: level of auto-tuning, tactics pinned by source id, and forbidden ("TACTIC", "SOURCE=TACTIC"). */
export const tuningChoice = z.object({
  level: z.number().int().min(0).max(5),
  pin: z.record(z.string(), z.string()),
  forbid: z.array(z.string()),
  /** Auxiliary streams of a GPU at most; null = as measuring the whole engine finds faster. */
  auxStreams: z.number().int().min(0).nullable().default(null),
  /** Libraries whose kernels may run layers of a GPU too; the engine then needs them. */
  libraries: z.array(librarySource).default([]),
  /** Where timings are taken from and kept: the user's cache, which the command line shares, a file, or nowhere. */
  timings: z.union([z.literal('shared'), z.literal('none'), z.object({ file: z.string().min(1) })]).default('shared'),
  /** Never time: what the cache does not know is estimated. */
  deterministic: z.boolean().default(false),
});
export type TuningChoice = z.infer<typeof tuningChoice>;

/** Mirrors Candidate of optimizer/builder/plan.ts; nanoseconds. */
export const candidate = z.object({
  tactic: z.string(),
  formats: z.string(),
  estimate: z.number(),
  time: z.object({ min: z.number(), median: z.number(), max: z.number() }).optional(),
  status: z.enum(['chosen', 'slower', 'costlier neighbours', 'not timed', 'failed', 'forbidden']),
  reason: z.string(),
});
export type Candidate = z.infer<typeof candidate>;

const size = z.number().int().positive();
/** Allowed sizes per open dimension, and the one that kernels are chosen at: an optimization profile. */
export const dimensionRanges = z.record(z.string(), z.object({ min: size, opt: size, max: size }));
export type DimensionRanges = z.infer<typeof dimensionRanges>;

export const reportLayer = z.object({
  index: z.number(),
  name: z.string(),
  op: z.string(),
  tactic: z.string(),
  /** The fewest bits that an operand was stored in; '' = everything as the model has it. */
  stored: z.enum(['', 'int8', 'uint8', 'float16', 'bfloat16']),
  sources: sourceIds,
  /** Every way in which the layer could have been executed, the chosen one first. */
  candidates: z.array(candidate),
  layouts: z.string(),
  outputs: z.array(
    z.object({ name: z.string(), dtype: z.string(), shape: z.string(), bytes: z.number(), storage: z.string() }),
  ),
  flops: z.number(),
  bytes: z.number(),
  /** Set where an engine of another device runs the layer on the CPU: copies to it and back, and their bytes. */
  fallback: z.object({ copies: z.number(), bytes: z.number() }).nullable(),
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
  /** Streams of a GPU that the engine uses, and why; median nanoseconds on one and on several where both were timed. */
  streams: z.object({
    used: z.number(),
    moved: z.number(),
    times: z.object({ one: z.number(), all: z.number() }).optional(),
    reason: z.string(),
  }),
  /** The rest is of the first. */
  profiles: z.array(z.object({ ranges: dimensionRanges, layers: z.number(), estimate: z.number(), arena: z.number() })),
  /** What each library does in the engine, or would do: layers, and nanoseconds that it would save. */
  libraries: z.array(
    z.object({ name: z.string(), version: z.string(), allowed: z.boolean(), layers: z.number(), saves: z.number() }),
  ),
  tuning: z
    .object({
      level: z.number(),
      timed: z.number(),
      cached: z.number(),
      failed: z.number(),
      cache: z.string().nullable(),
    })
    .optional(),
  milliseconds: z.record(z.string(), z.number()),
  fates: z.record(z.string(), z.string()),
});
export type BuildReport = z.infer<typeof buildReport>;
export const buildResult = z.object({ engine: handle, revision: z.number(), report: buildReport });
export type BuildResult = z.infer<typeof buildResult>;
