import { tensorflowType } from '../../../optimizer/importers/tensorflow/schema.ts';
import { countOf } from '../../../optimizer/ir/tensor.ts';
import { seeded } from '../tensor.ts';

/** Attribute values as messages. */
export const attr = {
  type: (t: number): object => ({ type: t }),
  int: (i: number): object => ({ i }),
  float: (f: number): object => ({ f }),
  bool: (b: boolean): object => ({ b }),
  text: (s: string): object => ({ s: new TextEncoder().encode(s) }),
  ints: (i: readonly number[]): object => ({ list: { i } }),
  shape: (dims: readonly number[] | null): object => ({
    shape: dims ? { dim: dims.map((size) => ({ size })) } : { unknownRank: true },
  }),
  func: (name: string): object => ({ func: { name } }),
};
export const FLOAT = 1;
export const INT32 = 3;
export const BOOL = 10;
export const RESOURCE = 20;

export interface Node {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, object>>;
}

/** Operators whose element types have other names. */
const WITHOUT_T: ReadonlySet<string> = new Set(['Cast', 'GatherV2', 'LogicalAnd', 'LogicalNot']);

/** Writes graphs as TensorFlow's exporters do, with weights that are the same on every machine. */
export class TfGraph {
  readonly nodes: Node[] = [];
  /** Functions of the library, as messages. */
  readonly functions: object[] = [];
  private readonly next: () => number;
  private count = 0;

  constructor(seed = 23) {
    this.next = seeded(seed);
  }

  node(op: string, input: readonly string[], attrs: Readonly<Record<string, object>> = {}, name?: string): string {
    const id = name ?? `${op}_${this.count++}`;
    this.nodes.push({ name: id, op, input, attr: WITHOUT_T.has(op) ? attrs : { T: attr.type(FLOAT), ...attrs } });
    return id;
  }
  placeholder(name: string, shape: readonly number[] | null, type = FLOAT): string {
    this.nodes.push({ name, op: 'Placeholder', input: [], attr: { dtype: attr.type(type), shape: attr.shape(shape) } });
    return name;
  }
  constant(shape: readonly number[], data: readonly number[], type = FLOAT, name?: string): string {
    const array =
      type === FLOAT ? Float32Array.from(data) : type === INT32 ? Int32Array.from(data) : Uint8Array.from(data);
    const tensor = {
      dtype: type,
      tensorShape: { dim: shape.map((size) => ({ size })) },
      tensorContent: new Uint8Array(array.buffer),
    };
    const id = name ?? `Const_${this.count++}`;
    this.nodes.push({ name: id, op: 'Const', input: [], attr: { dtype: attr.type(type), value: { tensor } } });
    return id;
  }
  ints(...data: readonly number[]): string {
    return this.constant([data.length], data, INT32);
  }
  int(x: number): string {
    return this.constant([], [x], INT32);
  }
  scalar(x: number): string {
    return this.constant([], [x]);
  }
  random(shape: readonly number[], scale = 0.5, offset = 0): number[] {
    return Array.from({ length: countOf(shape) }, () => Math.fround(offset + scale * this.next()));
  }
  weight(shape: readonly number[], scale = 0.5, offset = 0): string {
    return this.constant(shape, this.random(shape, scale, offset));
  }
  /** Names a result as an output. */
  output(x: string, name: string): this {
    this.node('Identity', [x], {}, name);
    return this;
  }

  graphDef(): object {
    const library = this.functions.length > 0 ? { library: { function: this.functions } } : {};
    return { node: this.nodes, versions: { producer: 1000 }, ...library };
  }
  bytes(): Uint8Array {
    const type = tensorflowType('GraphDef');
    return type.encode(type.fromObject(this.graphDef())).finish();
  }

  // What networks are made of, channels last.

  conv(x: string, [kh, kw, c, m]: readonly [number, number, number, number], stride = 1, padding = 'SAME'): string {
    const w = this.weight([kh, kw, c, m], Math.sqrt(6 / (kh * kw * c)) * 0.9);
    return this.node('Conv2D', [x, w], window([1, stride, stride, 1], padding));
  }
  bias(x: string, n: number): string {
    return this.node('BiasAdd', [x, this.weight([n], 0.1)], { data_format: attr.text('NHWC') });
  }
  relu(x: string): string {
    return this.node('Relu', [x]);
  }
  batchNorm(x: string, c: number, op = 'FusedBatchNormV3'): string {
    const params = [this.weight([c], 0.2, 0.9), this.weight([c], 0.1), this.weight([c], 0.2), this.weight([c], 0.4, 1)];
    const attrs = {
      epsilon: attr.float(0.001),
      is_training: attr.bool(false),
      data_format: attr.text('NHWC'),
      ...(op === 'FusedBatchNorm' ? {} : { U: attr.type(FLOAT) }),
    };
    return this.node(op, [x, ...params], attrs);
  }
  pool(op: 'MaxPool' | 'AvgPool', x: string, kernel: number, stride: number, padding = 'SAME'): string {
    return this.node(op, [x], {
      ksize: attr.ints([1, kernel, kernel, 1]),
      ...window([1, stride, stride, 1], padding),
    });
  }
  matmul(x: string, k: number, n: number): string {
    const attrs = { transpose_a: attr.bool(false), transpose_b: attr.bool(false) };
    return this.bias(this.node('MatMul', [x, this.weight([k, n], Math.sqrt(3 / k))], attrs), n);
  }
  mean(x: string, axes: readonly number[], keep = false): string {
    return this.node('Mean', [x, this.ints(...axes)], { Tidx: attr.type(INT32), keep_dims: attr.bool(keep) });
  }
  reshape(x: string, ...dims: readonly number[]): string {
    return this.node('Reshape', [x, this.ints(...dims)], { Tshape: attr.type(INT32) });
  }
  transpose(x: string, ...perm: readonly number[]): string {
    return this.node('Transpose', [x, this.ints(...perm)], { Tperm: attr.type(INT32) });
  }
  concat(parts: readonly string[], axis: number): string {
    return this.node('ConcatV2', [...parts, this.int(axis)], { N: attr.int(parts.length), Tidx: attr.type(INT32) });
  }
}

export const window = (strides: readonly number[], padding: string): Record<string, object> => ({
  strides: attr.ints(strides),
  padding: attr.text(padding),
  data_format: attr.text('NHWC'),
});
