import * as z from 'zod';
import { buildResult, profileResult } from './schemas/build.ts';
import { handle, jobId } from './schemas/common.ts';
import { comparison, graphPoint, graphView, modelSummary, nodeDetail, weightStats } from './schemas/graph.ts';
import { machine } from './schemas/machine.ts';
import { switches, traceSummary } from './schemas/trace.ts';

/** Bumped when a method or message changes shape; a window and a host of different versions refuse each other. */
export const PROTOCOL = 1;

/** Positive sizes for the symbolic dimensions of a model. */
const symbolSizes = z.record(z.string(), z.number().int().positive());

/**
 * Every method of the engine host: what it takes and gives, checked at both ends. Methods with a `job` report progress
 * under that id and answer when they are done; `cancel` answers at once and the method then fails with "cancelled".
 */
export const contract = {
  machine: { params: z.object({}), result: machine },
  open: { params: z.object({ path: z.string(), job: jobId }), result: modelSummary },
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
      job: jobId,
    }),
    result: buildResult,
  },
  profile: {
    params: z.object({
      engine: handle,
      threads: z.number().int().min(1),
      warmup: z.number().int().min(0),
      iterations: z.number().int().min(1),
      job: jobId,
    }),
    result: profileResult,
  },
  exportEngine: { params: z.object({ engine: handle, path: z.string() }), result: z.object({ bytes: z.number() }) },
  exportOnnx: {
    params: z.object({ model: handle, path: z.string(), job: jobId }),
    result: z.object({ bytes: z.number() }),
  },
  cancel: { params: z.object({ job: jobId }), result: z.object({ found: z.boolean() }) },
} as const;

export type Contract = typeof contract;
export type Method = keyof Contract;
export type Params<M extends Method> = z.infer<Contract[M]['params']>;
export type Result<M extends Method> = z.infer<Contract[M]['result']>;
/** What the engine host implements; in-process in tests, behind a port in the app. */
export type HostServices = { [M in Method]: (params: Params<M>) => Promise<Result<M>> };
