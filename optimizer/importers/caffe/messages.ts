/* What caffe.proto decodes to (field names as in prototxt files), whether from text or binary; defaults are filled in. */

import type { Int64 } from '../onnx/messages.ts';

export interface BlobShape {
  readonly dim: readonly Int64[];
}

export interface BlobProto {
  readonly num: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: readonly number[];
  readonly double_data: readonly number[];
  readonly shape: BlobShape | null;
  readonly payload: readonly number[];
}

export interface NetStateRule {
  readonly phase: number;
  readonly min_level: number;
  readonly max_level: number;
  readonly stage: readonly string[];
  readonly not_stage: readonly string[];
}

/** Settings of one kind of layer: numbers, strings, booleans, lists of them, and blob shapes. */
export type Settings = Readonly<Record<string, unknown>>;

export interface LayerParameter {
  readonly name: string;
  readonly type: string;
  readonly bottom: readonly string[];
  readonly top: readonly string[];
  readonly param: readonly { readonly name: string }[];
  readonly blobs: readonly BlobProto[];
  readonly include: readonly NetStateRule[];
  readonly exclude: readonly NetStateRule[];
  readonly phase: number;
  /** Scalars in blocks that caffe.proto does not have, as written: settings of layers that a plugin may define. */
  readonly foreign?: Readonly<Record<string, readonly string[]>>;
  readonly [settings: string]: unknown;
}

export interface V0LayerParameter extends Settings {
  readonly name: string;
  readonly type: string;
  readonly blobs: readonly BlobProto[];
}

export interface V1LayerParameter extends Settings {
  readonly name: string;
  readonly type: number;
  readonly bottom: readonly string[];
  readonly top: readonly string[];
  readonly layer: V0LayerParameter | null;
  readonly blobs: readonly BlobProto[];
  readonly include: readonly NetStateRule[];
  readonly exclude: readonly NetStateRule[];
  readonly param: readonly string[];
}

export interface NetParameter {
  readonly name: string;
  readonly layer: readonly LayerParameter[];
  readonly layers: readonly V1LayerParameter[];
  readonly input: readonly string[];
  readonly input_dim: readonly number[];
  readonly input_shape: readonly BlobShape[];
}
