/* What protobufjs decodes from tensorflow.proto. */

import type { Int64 } from '../onnx/messages.ts';

export interface TensorShapeProto {
  readonly dim: readonly { readonly size: Int64; readonly name: string }[];
  readonly unknownRank: boolean;
}

export interface TensorProto {
  readonly dtype: number;
  readonly tensorShape: TensorShapeProto | null;
  readonly tensorContent: Uint8Array;
  readonly floatVal: readonly number[];
  readonly doubleVal: readonly number[];
  readonly intVal: readonly number[];
  readonly stringVal: readonly Uint8Array[];
  readonly int64Val: readonly Int64[];
  readonly boolVal: readonly boolean[];
  readonly halfVal: readonly number[];
  readonly uint32Val: readonly number[];
  readonly uint64Val: readonly Int64[];
  readonly payload: readonly number[];
}

export interface NameAttrList {
  readonly name: string;
  readonly attr: Readonly<Record<string, AttrValue>>;
}

/** One of the fields is present. */
export interface AttrValue {
  readonly list?: {
    readonly s: readonly Uint8Array[];
    readonly i: readonly Int64[];
    readonly f: readonly number[];
    readonly b: readonly boolean[];
    readonly type: readonly number[];
    readonly shape: readonly TensorShapeProto[];
  } | null;
  readonly s?: Uint8Array;
  readonly i?: Int64;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: TensorShapeProto | null;
  readonly tensor?: TensorProto | null;
  readonly placeholder?: string;
  readonly func?: NameAttrList | null;
}

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrValue>>;
}

export interface ArgDef {
  readonly name: string;
  readonly type: number;
  readonly typeAttr: string;
  readonly numberAttr: string;
  readonly typeListAttr: string;
}

export interface FunctionDef {
  readonly signature: {
    readonly name: string;
    readonly inputArg: readonly ArgDef[];
    readonly outputArg: readonly ArgDef[];
  };
  readonly nodeDef: readonly NodeDef[];
  readonly ret: Readonly<Record<string, string>>;
  readonly attr: Readonly<Record<string, AttrValue>>;
}

export interface GraphDef {
  readonly node: readonly NodeDef[];
  readonly library: { readonly function: readonly FunctionDef[] } | null;
}

export interface TensorInfo {
  readonly name: string;
  readonly dtype: number;
  readonly tensorShape: TensorShapeProto | null;
}

export interface SignatureDef {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
  readonly methodName: string;
}

export interface MetaGraphDef {
  readonly metaInfoDef: { readonly tags: readonly string[]; readonly tensorflowVersion: string } | null;
  readonly graphDef: GraphDef | null;
  readonly saverDef: { readonly restoreOpName: string } | null;
  readonly signatureDef: Readonly<Record<string, SignatureDef>>;
}

export interface SavedModelProto {
  readonly metaGraphs: readonly MetaGraphDef[];
}
