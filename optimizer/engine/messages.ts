/**
 * The messages of assets/proto/engine.proto as plain objects. Enumerations are numbers; absent fields take proto3's
 * defaults when read. Only this folder and builder/ know them.
 */
export interface DimExprMessage {
  kind: number;
  value?: number;
  args?: DimExprMessage[];
}
export interface ViewMessage {
  of: number;
  kind: number;
  axis?: number;
  start?: DimExprMessage;
  perm?: number[];
}
export interface ValueMessage {
  name: string;
  dtype: number;
  shape: DimExprMessage[];
  layout: string;
  arenaOffset?: number;
  weight?: number;
  view?: ViewMessage;
  external?: boolean;
  pooled?: boolean;
  sequence?: boolean;
  optional?: boolean;
  maxBytes?: number;
  /** real = (stored − zeroPoint) · scale; empty for plain numbers. */
  scale?: number[];
  zeroPoint?: number;
  scaleAxis?: number;
}
export interface AttributeMessage {
  name: string;
  i?: number;
  f?: number;
  s?: string;
  ints?: { v: number[] };
  floats?: { v: number[] };
  strings?: { v: string[] };
}
export interface InstructionMessage {
  op: string;
  args: number[];
  dtype: number;
  params: number[];
}
export interface ProgramMessage {
  inputCount: number;
  code: InstructionMessage[];
  outputs: number[];
}
export interface LayerMessage {
  name: string;
  op: string;
  attrs: AttributeMessage[];
  inputs: number[];
  opInputs: number;
  outputs: number[];
  program?: ProgramMessage;
  device: string;
  tactic: string;
  workspace: number;
  workspaceOffset: number;
  stream: number;
  /** Layers on other streams that must have ended before it starts. */
  waits?: number[];
  sources: number[];
  dims?: DimExprMessage[];
  resolve?: boolean;
  regions?: RegionMessage[];
}
/** What If, Loop and Scan run: a plan of its own. */
export interface RegionMessage {
  values: ValueMessage[];
  inputs: number[];
  outputs: number[];
  layers: LayerMessage[];
  memory: { arenaBytes: number; lowerBound: number; withoutReuse: number };
}
export interface WeightExprMessage {
  dtype: number;
  shape: number[];
  file?: { file: number; offset: number; length: number };
  literal?: Uint8Array;
  cast?: WeightExprMessage;
  reshape?: WeightExprMessage;
  transpose?: { input: WeightExprMessage; perm: number[] };
  concat?: { inputs: WeightExprMessage[]; axis: number };
  slice?: { input: WeightExprMessage; axis: number; start: number };
  scale?: { input: WeightExprMessage; axis: number; factor: WeightExprMessage; shift?: WeightExprMessage };
  evaluate?: { layer: LayerMessage; inputs: { expr?: WeightExprMessage }[]; output: number };
}
export interface WeightMessage {
  expr: WeightExprMessage;
  hash: string;
  recipe: string;
  offset: number;
  length: number;
  layer: number;
  input: number;
}
/** What one profile of an engine runs; that of the first stands in the engine itself. */
export interface PlanMessage {
  values: ValueMessage[];
  inputs: { name: string; value: number }[];
  outputs: { name: string; value: number }[];
  layers: LayerMessage[];
  memory: { arenaBytes: number; lowerBound: number; withoutReuse: number };
}
export interface ProfileMessage {
  /** Per symbol. */
  ranges: { min: number; opt: number; max: number }[];
  plan?: PlanMessage;
}
export interface EngineMessage {
  format: number;
  requiredFeatures: string[];
  name: string;
  provenance: {
    producer: string;
    modelName: string;
    modelHash: string;
    device: string;
    deviceFeatures: string[];
    optionsJson: string;
  };
  symbols: string[];
  profiles: ProfileMessage[];
  values: ValueMessage[];
  inputs: { name: string; value: number }[];
  outputs: { name: string; value: number }[];
  layers: LayerMessage[];
  weights: WeightMessage[];
  memory: { arenaBytes: number; lowerBound: number; withoutReuse: number };
  sources: { id: string; op: string; name: string; fate: string }[];
  threads: number;
  /** What layers of kind Plugin run; read engines always have the list. */
  plugins?: { name: string; version: string; digest: string }[];
  /** Libraries whose kernels its layers run; read engines always have the list. */
  libraries?: { source: string; version: string }[];
}
export interface LayerDescMessage {
  layer: LayerMessage;
  values: ValueMessage[];
  symbols: string[];
}

export const VIEW_SLICE = 0;
export const VIEW_PERMUTE = 1;
export const VIEW_RESHAPE = 2;
