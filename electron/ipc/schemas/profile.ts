import * as z from 'zod';
import type { ProfileDocument } from '../../../optimizer/engine/profile/document.ts';
import { handle, sourceIds } from './common.ts';

const latency = {
  mean: z.number(),
  median: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  min: z.number(),
  max: z.number(),
};

const profileLayer = z.object({
  ...latency,
  layer: z.number(),
  name: z.string(),
  op: z.string(),
  tactic: z.string(),
  device: z.string(),
  stream: z.number(),
  sources: sourceIds,
  inputs: z.array(z.number()),
  dtype: z.string(),
  output: z.object({ dtype: z.string(), shape: z.string(), layout: z.string() }),
  flops: z.number(),
  bytes: z.number(),
  roof: z.number().nullable(),
  conversion: z.object({ from: z.string(), to: z.string() }).nullable(),
  facts: z
    .object({
      kernels: z.number().optional(),
      registers: z.number().optional(),
      sharedBytes: z.number().optional(),
      occupancy: z.number().optional(),
    })
    .optional(),
});
export type LayerTime = z.infer<typeof profileLayer>;

const binding = z.object({ name: z.string(), dtype: z.string(), shape: z.string() });

/** Mirrors optimizer/engine/profile/document.ts, which says what each field means. */
const document = z.object({
  kind: z.literal('sinter-profile'),
  version: z.literal(1),
  producer: z.string(),
  recorded: z.string(),
  engine: z.object({
    name: z.string(),
    modelName: z.string(),
    modelHash: z.string(),
    options: z.record(z.string(), z.unknown()),
    profile: z.object({ index: z.number(), count: z.number() }).optional(),
    inputs: z.array(binding),
    outputs: z.array(binding.extend({ layer: z.number() })),
  }),
  device: z.object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    features: z.array(z.string()),
    cores: z.number(),
  }),
  ceilings: z
    .object({
      threads: z.number(),
      flops: z.array(z.object({ dtype: z.string(), rate: z.number() })),
      bandwidth: z.number(),
    })
    .nullable(),
  threads: z.number(),
  warmup: z.number(),
  samples: z.array(z.number()),
  latency: z.object(latency),
  layers: z.array(profileLayer),
  timeline: z.array(z.object({ layer: z.number(), start: z.number(), duration: z.number() })),
  memory: z.object({
    arena: z.number(),
    lowerBound: z.number(),
    withoutReuse: z.number(),
    peak: z.object({ layer: z.number(), bytes: z.number() }),
    blocks: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['value', 'workspace']),
        offset: z.number(),
        bytes: z.number(),
        from: z.number(),
        to: z.number(),
        layer: z.number(),
      }),
    ),
  }),
  sources: z.array(z.object({ id: z.string(), op: z.string(), name: z.string(), fate: z.string() })),
});
// A field that one side has and the other lacks does not compile.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const mirrorsTheDocument: Same<z.infer<typeof document>, ProfileDocument> = true;

/** Node id of a layer in the graph of an engine's layers. */
export const layerKey = (layer: number): string => `l${layer}`;

/** A profile at hand: measured in this session, or opened from a file. */
export const profileResult = document.extend({
  id: handle,
  title: z.string(),
  /** The engine it was measured on; null for one from a file. */
  measuredOn: handle.nullable(),
  /** The file it came from. */
  path: z.string().nullable(),
});
export type ProfileResult = z.infer<typeof profileResult>;

export const profileFormat = z.enum(['sinterprofile', 'csv', 'json', 'trace']);
export type ProfileFormat = z.infer<typeof profileFormat>;
