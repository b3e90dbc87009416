import * as z from 'zod';
import { float64s, handle, int32s, problem, sourceIds } from './common.ts';

export const category = z.enum([
  'convolution',
  'matrix',
  'activation',
  'elementwise',
  'pooling',
  'normalization',
  'shape',
  'other',
]);
export type Category = z.infer<typeof category>;

/** What the user adds to a model file that does not say everything. */
export const given = z.object({
  /** Caffe: the other file of the pair. */
  weights: z.string().optional(),
  /** Shapes of inputs, by name. */
  shapes: z.record(z.string(), z.array(z.number().int().min(0))).optional(),
});
export type Given = z.infer<typeof given>;

/** What a model is, without its graph. */
export const modelSummary = z.object({
  model: handle,
  path: z.string(),
  name: z.string(),
  format: z.string(),
  hash: z.string(),
  fileBytes: z.number(),
  weightBytes: z.number(),
  operators: z.number(),
  inputs: z.array(z.object({ name: z.string(), type: z.string() })),
  outputs: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Symbolic dimensions that a build has to fix or bound. */
  symbols: z.array(z.string()),
  problems: z.array(problem),
});
export type ModelSummary = z.infer<typeof modelSummary>;

/** A state of the graph: as imported, or after a pass (by position in the trace), or within it after an application. */
export const graphPoint = z.object({
  /** Passes done before this point; 0 = as imported, `trace.passes.length` = the optimized graph. */
  passes: z.number().int().min(0),
  /** Applications of the next pass done as well. */
  applications: z.number().int().min(0),
});
export type GraphPoint = z.infer<typeof graphPoint>;

export const viewNode = z.object({
  /** "n12" for operators, "i0" and "o0" for the graph's inputs and outputs. Stable across points of one trace. */
  id: z.string(),
  kind: z.enum(['op', 'input', 'output']),
  op: z.string(),
  fused: z.boolean(),
  name: z.string(),
  category,
  sources: sourceIds,
  dtype: z.string(),
  /** "1×64×56×56" of the first output. */
  shape: z.string(),
  flops: z.number(),
  bytes: z.number(),
  /** Constant inputs, drawn as chips and not as nodes. */
  constants: z.number(),
  group: z.string(),
  supported: z.boolean(),
});
export type ViewNode = z.infer<typeof viewNode>;

export const viewGroup = z.object({ id: z.string(), name: z.string(), parent: z.string(), kind: z.string() });
export type ViewGroup = z.infer<typeof viewGroup>;

export const graphView = z.object({
  nodes: z.array(viewNode),
  /** Pairs of positions in `nodes`: from, to. */
  edges: int32s,
  /** Shape text per edge. */
  labels: z.array(z.string()),
  groups: z.array(viewGroup),
});
export type GraphView = z.infer<typeof graphView>;

/** Two points of one trace, cut down to the same part of the graph. */
export const comparison = z.object({
  before: graphView,
  after: graphView,
  /** Nodes that one side has and the other has not. */
  changed: z.number(),
  /** How many of them are in the part shown. */
  shown: z.number(),
});
export type Comparison = z.infer<typeof comparison>;

const tensorRow = z.object({
  name: z.string(),
  dtype: z.string(),
  shape: z.string(),
  bytes: z.number().nullable(),
  constant: z.boolean(),
  /** Node ids at the other end. */
  links: z.array(z.string()),
  /** Index for `weight.stats`; -1 where the value is not a constant. */
  value: z.number(),
});
export const nodeDetail = z.object({
  id: z.string(),
  op: z.string(),
  domain: z.string(),
  name: z.string(),
  attributes: z.array(z.object({ name: z.string(), value: z.string() })),
  inputs: z.array(tensorRow),
  outputs: z.array(tensorRow),
  flops: z.number(),
  bytes: z.number(),
  sources: z.array(z.object({ id: z.string(), op: z.string(), name: z.string() })),
  /** Operators of a fused node's body, in order. */
  body: z.array(z.object({ op: z.string(), name: z.string() })),
});
export type NodeDetail = z.infer<typeof nodeDetail>;

export const weightStats = z.object({
  count: z.number(),
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  deviation: z.number(),
  zeros: z.number(),
  /** Counts in equal bins from min to max. */
  histogram: float64s,
});
export type WeightStats = z.infer<typeof weightStats>;
