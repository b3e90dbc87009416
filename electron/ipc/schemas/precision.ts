import * as z from 'zod';
import { bytes, float64s, handle, sourceIds } from './common.ts';

const count = z.number().int().positive();
const numbers = z.array(z.number().refine(Number.isFinite)).min(1);

/** How images become inputs; mirrors optimizer/calibration/data/preprocess.ts, null standing for its own default. */
export const imageSettings = z.object({
  resize: z.enum(['stretch', 'crop', 'pad']),
  shortestSide: count.nullable(),
  size: z.tuple([count, count]).nullable(),
  layout: z.enum(['nchw', 'nhwc']).nullable(),
  channels: z.enum(['rgb', 'bgr', 'gray']),
  scale: z.number(),
  mean: numbers,
  std: numbers,
});
export type ImageSettings = z.infer<typeof imageSettings>;

/** Which samples are fed, and how. */
export const dataChoice = z.object({
  path: z.string(),
  /** File of labels; null = what the data itself says. */
  labels: z.string().nullable(),
  /** Samples used, spread evenly over the data; null = all. */
  samples: count.nullable(),
  /** Samples at once where the model leaves its first size open. */
  batch: count,
  image: imageSettings,
  raw: z.object({ dtype: z.string().nullable(), shape: z.array(count).nullable() }),
});
export type DataChoice = z.infer<typeof dataChoice>;

export const skipped = z.object({ sample: z.number(), message: z.string() });
export type Skipped = z.infer<typeof skipped>;

/** One sample as the network sees it. */
export const sampleView = z.object({
  index: z.number(),
  id: z.string(),
  label: z.number().nullable(),
  /** RGBA rows from the top, where an input is an image. */
  image: z.object({ width: z.number(), height: z.number(), pixels: bytes }).nullable(),
  /** Numbers that are fed, per input, and per channel where it is an image. */
  values: z.array(z.object({ name: z.string(), min: z.number(), max: z.number(), mean: z.number() })),
  /** Why the sample would be left out; null when it is good. */
  problem: z.string().nullable(),
});
export type SampleView = z.infer<typeof sampleView>;

export const dataSummary = z.object({
  /** "500 of 60000 images in …". */
  description: z.string(),
  length: z.number(),
  labelled: z.boolean(),
  /** Whether preprocessing of images applies: some input is fed from image files. */
  images: z.boolean(),
  inputs: z.array(z.object({ name: z.string(), type: z.string() })),
  samples: z.array(sampleView),
  /** A calibration of these samples that did not get to its end. */
  checkpoint: z.object({ next: z.number(), total: z.number() }).nullable(),
});
export type DataSummary = z.infer<typeof dataSummary>;

export const algorithm = z.object({ name: z.string(), title: z.string(), doc: z.string() });
export type Algorithm = z.infer<typeof algorithm>;

/** A calibration and what was decided about it: `algorithm` null = as the file has it; thresholds moved by hand by tensor. */
export const rangesChoice = z.object({
  calibration: handle,
  algorithm: z.string().nullable(),
  thresholds: z.record(z.string(), z.number().positive()),
});
export type RangesChoice = z.infer<typeof rangesChoice>;

export const tensorRange = z.object({
  tensor: z.string(),
  /** Operators that make it; none for an input of the model. */
  sources: sourceIds,
  /** INT8 represents [-amax, amax]. */
  amax: z.number(),
  /** What the algorithm chose, where the threshold was moved by hand; else null. */
  chosen: z.number().nullable(),
  /** Share of the values beyond amax, 0…1. */
  clipped: z.number(),
  /** Signal to quantization noise of this tensor alone, decibels; null without a histogram or where it is all zeros. */
  sqnr: z.number().nullable(),
  min: z.number(),
  max: z.number(),
  count: z.number(),
  unusual: z.number(),
  /** Counts of |x| in equal bins from 0 to `top`; empty for caches without histograms. */
  bins: float64s,
  top: z.number(),
});
export type TensorRange = z.infer<typeof tensorRange>;

export const calibrationView = z.object({
  calibration: handle,
  /** File that holds it. */
  path: z.string(),
  origin: z.enum(['run', 'file', 'tensorrt']),
  status: z.enum(['complete', 'cancelled']),
  /** Whose ranges these are; `made` is the one that the file was written with. */
  algorithm: z.string(),
  made: z.string(),
  /** Samples seen, and where the run stands. */
  samples: z.number(),
  next: z.number(),
  total: z.number(),
  skipped: z.array(skipped),
  warnings: z.array(z.string()),
  /** Revision of the optimization that the tensors were matched with. */
  revision: z.number(),
  tensors: z.array(tensorRange),
  /** Tensors of the optimized graph without a range: they stay in floating point. */
  missing: z.array(z.string()),
});
export type CalibrationView = z.infer<typeof calibrationView>;

/** A running calibration, as it is asked for. */
export const liveCalibration = z.object({
  tensors: z.array(z.string()),
  /** Those asked for, as far as they were looked at. */
  ranges: z.array(tensorRange),
  /** After so many samples … */
  at: float64s,
  /** … ranges had moved by this share since they were looked at before: the one that moved most, and the middle one. */
  largest: float64s,
  middle: float64s,
  /** What was left out so far, newest last, and how much in all. */
  skipped: z.array(skipped),
  skippedCount: z.number(),
});
export type LiveCalibration = z.infer<typeof liveCalibration>;

/** All bins of one tensor, for a closer look. */
export const histogram = z.object({
  tensor: z.string(),
  width: z.number(),
  bins: float64s,
  zeros: z.number(),
  count: z.number(),
});
export type Histogram = z.infer<typeof histogram>;

export const storage = z.enum(['fp32', 'fp16', 'bf16', 'int8']);
export type Storage = z.infer<typeof storage>;

/** What a build may use wherever that is faster; mirrors PERMITTED of optimizer/builder/precision.ts. */
export const buildKind = z.enum(['fp32', 'fp16', 'bf16', 'int8', 'int8+fp16']);
export type BuildKind = z.infer<typeof buildKind>;

/** What a build may store in which precision. */
export const precisionChoice = z.object({
  kind: buildKind,
  ranges: rangesChoice.nullable(),
  /** Per operator (source id): what its layer has to be. */
  pins: z.record(z.string(), storage),
});
export type PrecisionChoice = z.infer<typeof precisionChoice>;

/** Infinity where nothing differs, -Infinity where one side alone is not finite. */
const decibels = z.number().or(z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]));

export const layerSensitivity = z.object({
  name: z.string(),
  /** Name of its first operator in the model. */
  place: z.string(),
  sources: sourceIds,
  tactic: z.string(),
  /** Decibels; Infinity where nothing differs. */
  sqnr: decibels,
  cosine: z.number(),
  /** Nanoseconds. */
  fp32: z.number(),
  int8: z.number(),
  lossPerMicrosecond: z.number().or(z.literal(Number.POSITIVE_INFINITY)),
  /** Largest share of clipped values among what the layer reads and writes. */
  clipped: z.number(),
  tensors: z.array(z.string()),
});
export type LayerSensitivity = z.infer<typeof layerSensitivity>;

export const sensitivityReport = z.object({
  layers: z.array(layerSensitivity),
  samples: z.number(),
  revision: z.number(),
});
export type SensitivityReport = z.infer<typeof sensitivityReport>;

export const accuracy = z.object({
  output: z.string(),
  count: z.number(),
  top1: z.number(),
  top5: z.number(),
  classes: z.number(),
  description: z.string(),
  samplesPerSecond: z.number().nullable(),
  skipped: z.array(skipped),
});
export type Accuracy = z.infer<typeof accuracy>;

/** One engine that was really built, run and timed. */
export const planPoint = z.object({
  id: z.string(),
  title: z.string(),
  choice: precisionChoice,
  /** Median nanoseconds of a run. */
  latency: z.number(),
  /** Against FP32 on the same samples. */
  cosine: z.number(),
  sqnr: decibels,
  /** Share of right answers on labelled samples. */
  top1: z.number().nullable(),
  layers: z.number(),
  /** Layers by the precision they compute in. */
  counts: z.record(z.string(), z.number()),
  bytes: z.number(),
});
export type PlanPoint = z.infer<typeof planPoint>;

/** What accuracy may cost: outputs keep this cosine to FP32, or top-1 loses at most so many points. */
export const budget = z.object({ measure: z.enum(['cosine', 'top1']), value: z.number() });
export type Budget = z.infer<typeof budget>;

export const planReport = z.object({
  points: z.array(planPoint),
  /** The plan that keeps the budget; null when no budget was asked for. */
  automatic: z.string().nullable(),
  /** What the search found out, one sentence each. */
  notes: z.array(z.string()),
  samples: z.number(),
  labelled: z.boolean(),
  revision: z.number(),
});
export type PlanReport = z.infer<typeof planReport>;
