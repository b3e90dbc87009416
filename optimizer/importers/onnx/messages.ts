/* What protobufjs decodes from onnx.proto. 64-bit integers arrive as Long objects or numbers: `int` reads both. */

export interface Long {
  toString(): string;
}
export type Int64 = number | Long;
/** Beyond 2^53 the nearest double; such numbers only occur as "to the end" markers. */
export const int = (v: Int64): number => (typeof v === 'number' ? v : Number(v.toString()));

export interface TensorProto {
  readonly dims: readonly Int64[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly Int64[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly Int64[];
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: number;
  /** Field number, file offset and length of each payload that was left in the file. */
  readonly payload: readonly number[];
}

export interface AttributeProto {
  readonly name: string;
  readonly f: number;
  readonly i: Int64;
  readonly s: Uint8Array;
  readonly t: TensorProto | null;
  readonly g: GraphProto | null;
  readonly floats: readonly number[];
  readonly ints: readonly Int64[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly TensorProto[];
  readonly graphs: readonly GraphProto[];
  readonly tp: TypeProto | null;
  readonly type: number;
  readonly refAttrName: string;
  readonly sparseTensor: SparseTensorProto | null;
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly AttributeProto[];
  readonly domain: string;
  readonly overload: string;
}

export interface SparseTensorProto {
  readonly values: TensorProto | null;
  readonly indices: TensorProto | null;
  readonly dims: readonly Int64[];
}

export interface DimensionProto {
  /** null when the field is absent. */
  readonly dimValue: Int64 | null;
  readonly dimParam: string;
}

export interface TypeProto {
  readonly tensorType: {
    readonly elemType: number;
    readonly shape: { readonly dim: readonly DimensionProto[] } | null;
  } | null;
  readonly sequenceType: { readonly elemType: TypeProto | null } | null;
  readonly optionalType: { readonly elemType: TypeProto | null } | null;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: TypeProto | null;
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
  readonly sparseInitializer: readonly SparseTensorProto[];
}

export interface OperatorSetId {
  readonly domain: string;
  readonly version: Int64;
}

export interface FunctionProto {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly node: readonly NodeProto[];
  readonly opsetImport: readonly OperatorSetId[];
  readonly domain: string;
  readonly attributeProto: readonly AttributeProto[];
  readonly overload: string;
}

export interface ModelProto {
  readonly irVersion: Int64;
  readonly opsetImport: readonly OperatorSetId[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly graph: GraphProto | null;
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly functions: readonly FunctionProto[];
}
