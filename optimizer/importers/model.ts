import type { Graph, SourceId, TensorType } from '../ir/graph.ts';

export interface ImportOptions {
  /** Fixes symbolic dimensions of inputs, by input name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Caffe: the file with the weights, or the network description, where it does not lie beside the other. */
  readonly weights?: string;
  /** Bytes of the file walked, then nodes typed: `done` of `total` in the unit of the phase. */
  readonly onProgress?: (phase: 'read' | 'infer', done: number, total: number) => void;
  readonly stop?: AbortSignal;
}

export interface UnsupportedOperator {
  readonly source: SourceId;
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  /** One sentence: what is missing. */
  readonly reason: string;
}

export interface ModelTensor {
  readonly name: string;
  readonly type: TensorType;
}

/** A model as imported: its graph in the newest operator forms, with all types that could be inferred. */
export interface ImportedModel {
  readonly format: 'onnx' | 'caffe' | 'tensorflow';
  readonly path: string;
  /** Other files that the model was read from. */
  readonly companions?: readonly string[];
  readonly name: string;
  readonly graph: Graph;
  readonly producer: { readonly name: string; readonly version: string };
  /** ONNX only; else 0. */
  readonly irVersion: number;
  /** Operator set versions by domain; the default domain is ''. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  readonly unsupported: readonly UnsupportedOperator[];
  readonly warnings: readonly string[];
}
