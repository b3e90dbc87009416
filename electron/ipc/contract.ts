import * as z from 'zod';
import { buildResult, dimensionRanges, tuningChoice } from './schemas/build.ts';
import { handle, jobId } from './schemas/common.ts';
import { comparison, given, graphPoint, graphView, modelSummary, nodeDetail, weightStats } from './schemas/graph.ts';
import { machine } from './schemas/machine.ts';
import { pluginList } from './schemas/plugins.ts';
import {
  accuracy,
  algorithm,
  budget,
  buildKind,
  calibrationView,
  dataChoice,
  dataSummary,
  histogram,
  liveCalibration,
  planReport,
  precisionChoice,
  rangesChoice,
  sensitivityReport,
  storage,
} from './schemas/precision.ts';
import { profileFormat, profileResult } from './schemas/profile.ts';
import { switches, traceSummary } from './schemas/trace.ts';

/** Bumped when a method or message changes shape; a window and a host of different versions refuse each other. */
export const PROTOCOL = 4;

/** Positive sizes for the symbolic dimensions of a model. */
const symbolSizes = z.record(z.string(), z.number().int().positive());

/** What every measurement over samples needs. */
const measured = {
  model: handle,
  data: dataChoice,
  shapes: symbolSizes,
  device: z.string(),
  threads: z.number().int().min(1),
};

/**
 * Every method of the engine host: what it takes and gives, checked at both ends. Methods with a `job` report progress
 * under that id and answer when they are done; `cancel` answers at once and the method then fails with "cancelled".
 */
export const contract = {
  machine: { params: z.object({}), result: machine },
  open: { params: z.object({ path: z.string(), given: given.optional(), job: jobId }), result: modelSummary },
  close: { params: z.object({ model: handle }), result: z.object({}) },
  optimize: { params: z.object({ model: handle, switches, job: jobId }), result: traceSummary },
  view: { params: z.object({ model: handle, point: graphPoint }), result: graphView },
  /** `seeds` narrows to these nodes and what is around them; null shows the whole graph, or the first changes of a large one. */
  compare: {
    params: z.object({ model: handle, before: graphPoint, after: graphPoint, seeds: z.array(z.string()).nullable() }),
    result: comparison,
  },
  node: { params: z.object({ model: handle, point: graphPoint, node: z.string() }), result: nodeDetail },
  weight: { params: z.object({ model: handle, point: graphPoint, value: z.number() }), result: weightStats },
  build: {
    params: z.object({
      model: handle,
      device: z.string(),
      threads: z.number().int().min(1),
      shapes: symbolSizes,
      /** Optimization profiles; none = one of exactly these shapes. */
      profiles: z.array(dimensionRanges).optional(),
      /** null = everything as the model has it. */
      precision: precisionChoice.nullable(),
      /** Allows FP32 products that are faster and nearly exact (`--fast-fp32`). */
      fastFp32: z.boolean(),
      tuning: tuningChoice,
      job: jobId,
    }),
    result: buildResult,
  },
  profile: {
    params: z.object({
      engine: handle,
      /** The optimization profile whose best shapes run; the first by default. */
      optimizationProfile: z.number().int().min(0).optional(),
      threads: z.number().int().min(1),
      warmup: z.number().int().min(0),
      iterations: z.number().int().min(1),
      job: jobId,
    }),
    result: profileResult,
  },
  openProfile: { params: z.object({ path: z.string() }), result: profileResult },
  /** Takes over a profile that the window kept when the host before this one died. */
  adoptProfile: { params: z.object({ profile: profileResult }), result: z.object({}) },
  closeProfile: { params: z.object({ profile: handle }), result: z.object({}) },
  /** The layers of a profiled engine as a graph: what there is to see without the model. */
  profileGraph: { params: z.object({ profile: handle }), result: graphView },
  exportProfile: {
    params: z.object({ profile: handle, format: profileFormat, path: z.string() }),
    result: z.object({ bytes: z.number() }),
  },
  /** A page that stands alone, of whatever is there: what the passes did, what was measured. */
  exportReport: {
    params: z.object({
      model: handle.nullable(),
      profile: handle.nullable(),
      command: z.string().nullable(),
      path: z.string(),
    }),
    result: z.object({ bytes: z.number() }),
  },
  exportEngine: { params: z.object({ engine: handle, path: z.string() }), result: z.object({ bytes: z.number() }) },
  exportOnnx: {
    params: z.object({ model: handle, path: z.string(), job: jobId }),
    result: z.object({ bytes: z.number() }),
  },
  /** What calibration and builds can be asked for here. */
  precisions: {
    params: z.object({}),
    result: z.object({ algorithms: z.array(algorithm), storages: z.array(storage), kinds: z.array(buildKind) }),
  },
  /** Opens data and reads a few of its samples, as the network sees them. */
  data: {
    params: z.object({
      model: handle,
      data: dataChoice,
      shapes: symbolSizes,
      indices: z.array(z.number().int().min(0)),
    }),
    result: dataSummary,
  },
  /** Answers when it is done, and also when it was cancelled, with what was seen until then. */
  calibrate: {
    params: z.object({ ...measured, algorithm: z.string(), resume: z.boolean(), job: jobId }),
    result: calibrationView,
  },
  /** A running calibration: its tensors, the ranges of those asked for, and how fast ranges still move. */
  liveCalibration: { params: z.object({ run: jobId, tensors: z.array(z.string()).max(64) }), result: liveCalibration },
  /** A calibration with another algorithm or with thresholds moved; needs no data. */
  calibration: { params: z.object({ model: handle, ranges: rangesChoice }), result: calibrationView },
  openCalibration: { params: z.object({ model: handle, path: z.string() }), result: calibrationView },
  exportCalibration: {
    params: z.object({ ranges: rangesChoice, format: z.enum(['sinter', 'tensorrt']), path: z.string() }),
    result: z.object({ tensors: z.number() }),
  },
  /** The optimized graph with QuantizeLinear and DequantizeLinear, for other runtimes. */
  exportQdq: {
    params: z.object({
      model: handle,
      ranges: rangesChoice,
      pins: precisionChoice.shape.pins,
      /** int8 as TensorRT and our engines compute, uint8 as ONNX Runtime is fastest with. */
      activations: z.enum(['int8', 'uint8']),
      path: z.string(),
      job: jobId,
    }),
    result: z.object({ bytes: z.number(), quantized: z.number() }),
  },
  histogram: { params: z.object({ calibration: handle, tensor: z.string() }), result: histogram },
  /** What a threshold would clip and cost; nothing is changed. */
  threshold: {
    params: z.object({ calibration: handle, tensor: z.string(), amax: z.number().positive() }),
    result: z.object({ clipped: z.number(), sqnr: z.number().nullable() }),
  },
  sensitivity: { params: z.object({ ...measured, ranges: rangesChoice, job: jobId }), result: sensitivityReport },
  plans: {
    params: z.object({
      ...measured,
      ranges: rangesChoice,
      pins: precisionChoice.shape.pins,
      budget: budget.nullable(),
      tuning: tuningChoice,
      job: jobId,
    }),
    result: planReport,
  },
  /** Top-1 and top-5 of a built engine on labelled samples: what `sinter evaluate` prints. */
  evaluate: { params: z.object({ engine: handle, data: dataChoice, job: jobId }), result: accuracy },
  plugins: { params: z.object({}), result: pluginList },
  /** Compiles, checks and registers the plugin in a folder. */
  addPlugin: { params: z.object({ folder: z.string() }), result: pluginList },
  removePlugin: { params: z.object({ name: z.string() }), result: pluginList },
  pause: { params: z.object({ job: jobId, paused: z.boolean() }), result: z.object({ found: z.boolean() }) },
  cancel: { params: z.object({ job: jobId }), result: z.object({ found: z.boolean() }) },
} as const;

export type Contract = typeof contract;
export type Method = keyof Contract;
export type Params<M extends Method> = z.infer<Contract[M]['params']>;
export type Result<M extends Method> = z.infer<Contract[M]['result']>;
/** What the engine host implements; in-process in tests, behind a port in the app. */
export type HostServices = { [M in Method]: (params: Params<M>) => Promise<Result<M>> };
