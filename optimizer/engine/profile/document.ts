import { z } from 'zod';

/*
 * A profile as a document: everything that tables, charts and comparisons show, so that a file of it needs neither the
 * model nor the engine nor the device. Times are nanoseconds, sizes bytes, rates per second. docs/profile-format.md.
 */

export const PROFILE_KIND = 'sinter-profile';
export const PROFILE_VERSION = 1;

/** Within what charts can divide by each other and take logarithms of, whatever a file says. */
const size = z
  .number()
  .max(1e21)
  .refine((n) => n === 0 || n >= 1e-6, 'a number below a millionth');
const index = z.number().int().nonnegative();

const latency = z.object({ mean: size, median: size, p90: size, p95: size, p99: size, min: size, max: size });

/** What a device reached when it was asked for nothing else, measured by the runtime itself. */
const ceilings = z.object({
  threads: index,
  /** Arithmetic operations a second by element type; a multiply-add counts two. */
  flops: z.array(z.object({ dtype: z.string(), rate: size })),
  /** Bytes read plus bytes written a second by a copy that no cache holds. */
  bandwidth: size,
});

/** How a device runs a layer's kernels; only GPUs say. */
const facts = z.object({
  kernels: index.optional(),
  registers: index.optional(),
  sharedBytes: size.optional(),
  /** Resident warps of those a multiprocessor could hold, 0 … 1. */
  occupancy: z.number().min(0).max(1).optional(),
});

const layer = latency.extend({
  layer: index,
  name: z.string(),
  op: z.string(),
  tactic: z.string(),
  device: z.string(),
  stream: index,
  /** Ids of the model's operators that it computes. */
  sources: z.array(z.string()),
  /** Layers that it reads from; -1 - k is input k of the engine. */
  inputs: z.array(z.number().int()),
  /** Element type that it computes with. */
  dtype: z.string(),
  output: z.object({ dtype: z.string(), shape: z.string(), layout: z.string() }),
  flops: size,
  bytes: size,
  /** The least time that the ceilings allow for its operations and bytes; null without ceilings. */
  roof: size.nullable(),
  /** Set where the layer only changes how a value is stored. */
  conversion: z.object({ from: z.string(), to: z.string() }).nullable(),
  facts: facts.optional(),
});

const block = z.object({
  name: z.string(),
  kind: z.enum(['value', 'workspace']),
  offset: size,
  bytes: size,
  /** First and last layer that need it. */
  from: index,
  to: index,
  /** Layer that writes it; -1 where none does. */
  layer: z.number().int().min(-1),
});

const binding = z.object({ name: z.string(), dtype: z.string(), shape: z.string() });

export const profileDocument = z.object({
  kind: z.literal(PROFILE_KIND),
  version: z.literal(PROFILE_VERSION),
  producer: z.string(),
  /** ISO 8601. */
  recorded: z.string(),
  engine: z.object({
    name: z.string(),
    modelName: z.string(),
    modelHash: z.string(),
    /** Choices that shaped the engine. */
    options: z.record(z.string(), z.unknown()),
    /** The optimization profile that ran, of engines with several. */
    profile: z.object({ index, count: index }).optional(),
    inputs: z.array(binding),
    /** Each with the layer that writes it last; -1 where none does. */
    outputs: z.array(binding.extend({ layer: z.number().int().min(-1) })),
  }),
  device: z.object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    features: z.array(z.string()),
    cores: index,
  }),
  ceilings: ceilings.nullable(),
  threads: index,
  warmup: index,
  /** Whole-engine time per run, in order, layer timers off. */
  samples: z.array(size),
  latency,
  layers: z.array(layer),
  /** What the layers' times come from: "events" (also where absent), or a tracing of whole runs such as "CUPTI 13.0". */
  layerTimes: z.string().optional(),
  /** One run with the layer timers on, the one nearest to the layers' medians: when each started and how long it took. */
  timeline: z.array(z.object({ layer: index, start: size, duration: size })),
  memory: z.object({
    arena: size,
    lowerBound: size,
    withoutReuse: size,
    /** The layer at which most is alive, and how much: the blocks around it are what the arena's size comes from. */
    peak: z.object({ layer: index, bytes: size }),
    blocks: z.array(block),
  }),
  /** The model's operators and what became of each. */
  sources: z.array(z.object({ id: z.string(), op: z.string(), name: z.string(), fate: z.string() })),
});

export type ProfileDocument = z.infer<typeof profileDocument>;
export type ProfileLayer = ProfileDocument['layers'][number];
export type ProfileCeilings = z.infer<typeof ceilings>;
export type MemoryBlock = z.infer<typeof block>;

/**
 * Operations a second that a device reaches with an element type; 0 where unknown. Types without a ceiling of their own
 * are computed as the one they are widened to.
 */
export function ceilingOf(c: ProfileCeilings, dtype: string): number {
  const rate = (name: string): number | undefined => c.flops.find((f) => f.dtype === name)?.rate;
  return rate(dtype) ?? (dtype === 'uint8' ? rate('int8') : undefined) ?? rate('float32') ?? 0;
}

/** Sum over layers: not the engine's time, since the timers are in it. */
export const layerSum = (d: Pick<ProfileDocument, 'layers'>): number => d.layers.reduce((s, l) => s + l.median, 0);

/** Layers of a GPU's engine that run on the CPU, by the names of their tactics; their times hold the copies. */
export const onHost = (d: Pick<ProfileDocument, 'layers'>): ProfileLayer[] =>
  d.layers.filter((l) => l.tactic.startsWith('cpu:'));

/** Runs a second, one after the other. */
export const throughput = (d: Pick<ProfileDocument, 'latency'>): number =>
  d.latency.median > 0 ? 1e9 / d.latency.median : 0;
