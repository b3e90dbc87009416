import { readFileSync, writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { int, type ModelProto, type NodeProto, type TensorProto } from '../../optimizer/importers/onnx/messages.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { runOrt } from '../bench/ort.ts';

/*
 * Quantizes a float model file as the Python quantizer of ONNX Runtime does, independently of our own exporter: ranges from
 * a run with every intermediate value as an output, QuantizeLinear and DequantizeLinear around every operator that has an
 * integer form (or the operators of the QLinear form in their place), int32 biases.
 */

export interface QuantizerOptions {
  readonly form: 'qdq' | 'qlinear';
  /** uint8 has zero points from the range, int8 none. */
  readonly activations: 'uint8' | 'int8';
  readonly weights: 'int8' | 'uint8';
  readonly perChannel: boolean;
  readonly opset?: number;
}

const MS = 'com.microsoft';
const QUANTIZED = new Set([
  ...['Conv', 'Gemm', 'MatMul', 'Add', 'Mul', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'Concat', 'Reshape'],
  ...['Flatten', 'Relu', 'Clip', 'Transpose', 'Sigmoid'],
]);
const PRODUCTS = new Set(['Conv', 'Gemm', 'MatMul']);
/** Their results keep the scale of what they are made of. */
const MOVED = new Set(['MaxPool', 'Reshape', 'Flatten', 'Transpose']);

interface Range {
  readonly scale: number;
  readonly zero: number;
}

type Attribute = object;

export async function quantizeModel(
  path: string,
  out: string,
  inputs: Readonly<Record<string, Tensor>>,
  options: QuantizerOptions,
): Promise<void> {
  const model = prepared(onnxType('ModelProto').decode(readFileSync(path)) as unknown as ModelProto);
  const graph = model.graph!;
  const weights = new Map(graph.initializer.map((t) => [t.name, t]));
  const ranges = await observe(model, inputs, options);
  const quantizer = new Quantizer(graph.node, weights, ranges, options, new Set(graph.output.map((o) => o.name)));
  quantizer.run();
  const opsets = [
    { domain: '', version: options.opset ?? 13 },
    { domain: MS, version: 1 },
  ];
  const written = {
    ...model,
    irVersion: 8,
    opsetImport: opsets,
    graph: { ...graph, node: quantizer.nodes, initializer: quantizer.initializers(), valueInfo: [] },
  };
  writeFileSync(out, onnxType('ModelProto').encode(written).finish());
}

/** Dropout is nothing, and a reshaped constant is a constant: what the quantizer's own preparation sees to. */
function prepared(model: ModelProto): ModelProto {
  const graph = model.graph!;
  const constants = new Map(graph.initializer.map((t) => [t.name, t]));
  const node: NodeProto[] = [];
  for (const n of graph.node) {
    const x = constants.get(n.input[0] ?? '');
    const shape = constants.get(n.input[1] ?? '');
    if (n.opType === 'Dropout') {
      node.push({ ...n, opType: 'Identity', input: n.input.slice(0, 1), output: n.output.slice(0, 1), attribute: [] });
    } else if (n.opType === 'Reshape' && x && shape) {
      const given = [...new BigInt64Array(new Uint8Array(shape.rawData).buffer)].map(Number);
      const count = x.dims.map(int).reduce((a, b) => a * b, 1);
      const rest = given.filter((d) => d >= 0).reduce((a, b) => a * b, 1);
      const dims = given.map((d) => (d < 0 ? count / rest : d));
      constants.set(n.output[0]!, { ...x, name: n.output[0]!, dims });
    } else node.push(n);
  }
  return { ...model, graph: { ...graph, node, initializer: [...constants.values()] } };
}

/** Scale and zero point of every float value of one run. */
async function observe(
  model: ModelProto,
  inputs: Readonly<Record<string, Tensor>>,
  options: QuantizerOptions,
): Promise<Map<string, Range>> {
  const graph = model.graph!;
  const known = new Set(graph.output.map((o) => o.name));
  const extra = graph.node.flatMap((n) => n.output).filter((name) => name !== '' && !known.has(name));
  const output = [...graph.output, ...extra.map((name) => ({ name }))];
  const bytes = onnxType('ModelProto')
    .encode({ ...model, graph: { ...graph, output } })
    .finish();
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const seen = { ...inputs, ...(await runOrt(session, inputs)) };
  await session.release();
  const ranges = new Map<string, Range>();
  for (const [name, t] of Object.entries(seen)) {
    if (t.dtype !== 'float32') continue;
    const data = new Float32Array(t.bytes.slice().buffer);
    ranges.set(name, rangeOf(Math.min(0, ...minmax(data)), Math.max(0, ...minmax(data)), options.activations));
  }
  return ranges;
}

function minmax(data: Float32Array): [number, number] {
  let [lo, hi] = [Infinity, -Infinity];
  for (const x of data) {
    lo = Math.min(lo, x);
    hi = Math.max(hi, x);
  }
  return [lo, hi];
}

function rangeOf(lo: number, hi: number, type: 'uint8' | 'int8'): Range {
  if (type === 'int8') return { scale: Math.fround(Math.max(-lo, hi, 1e-6) / 127), zero: 0 };
  const scale = Math.fround(Math.max(hi - lo, 1e-6) / 255);
  return { scale, zero: Math.min(255, Math.max(0, Math.round(-lo / scale))) };
}

class Quantizer {
  readonly nodes: object[] = [];
  private readonly made = new Map<string, object>();
  private readonly readers = new Map<string, NodeProto[]>();
  private readonly ready = new Set<string>();
  private readonly source: readonly NodeProto[];
  private readonly weights: ReadonlyMap<string, TensorProto>;
  private readonly ranges: Map<string, Range>;
  private readonly options: QuantizerOptions;
  private readonly outputs: ReadonlySet<string>;

  constructor(
    source: readonly NodeProto[],
    weights: ReadonlyMap<string, TensorProto>,
    ranges: Map<string, Range>,
    options: QuantizerOptions,
    outputs: ReadonlySet<string>,
  ) {
    this.source = source;
    this.weights = weights;
    this.ranges = ranges;
    this.options = options;
    this.outputs = outputs;
    for (const n of source) for (const i of n.input) this.readers.set(i, [...(this.readers.get(i) ?? []), n]);
  }

  run(): void {
    for (const n of this.source) {
      if (MOVED.has(n.opType) && this.ranges.has(n.input[0]!)) {
        this.ranges.set(n.output[0]!, this.ranges.get(n.input[0]!)!);
      }
    }
    for (let i = 0; i < this.source.length; i++) {
      const n = this.source[i]!;
      const y = n.output[0]!;
      const known = QUANTIZED.has(n.opType) && this.ranges.has(y) && this.ranges.has(n.input[0]!);
      if (!known) {
        this.nodes.push({ ...n, input: n.input.map((v) => this.float(v)) });
        continue;
      }
      const next = this.readers.get(y) ?? [];
      const activation =
        PRODUCTS.has(n.opType) && next.length === 1 && next[0]!.opType === 'Relu' && !this.outputs.has(y)
          ? next[0]!
          : null;
      const result = activation ? activation.output[0]! : y;
      if (this.options.form === 'qlinear' && this.qlinear(n, activation !== null, result)) {
        this.ready.add(result);
        if (this.outputs.has(result)) this.dequantize(result, result);
        if (activation) i = this.skip(i, activation);
        continue;
      }
      this.around(n, activation, result);
      if (activation) i = this.skip(i, activation);
    }
  }

  initializers(): object[] {
    const used = new Set(this.nodes.flatMap((n) => (n as NodeProto).input));
    return [...[...this.weights.values()].filter((t) => used.has(t.name)), ...this.made.values()];
  }

  /** The activation directly behind is emitted together with its product. */
  private skip(i: number, activation: NodeProto): number {
    if (this.source[i + 1] !== activation) throw new Error(`${activation.opType} does not follow its product`);
    return i + 1;
  }

  private around(n: NodeProto, activation: NodeProto | null, result: string): void {
    const product = PRODUCTS.has(n.opType);
    const input = n.input.map((v, i) => {
      if (product && i === 1 && this.weights.has(v)) return this.weight(n, v);
      if (product && i === 2) return this.bias(n, v);
      return this.ranges.has(v) ? this.dequantized(v) : v;
    });
    const raw = `${result}_raw`;
    if (activation) {
      this.nodes.push({ ...n, input, output: [`${raw}0`] }, { ...activation, input: [`${raw}0`], output: [raw] });
    } else this.nodes.push({ ...n, input, output: [raw, ...n.output.slice(1)] });
    const r = this.ranges.get(result)!;
    this.emit('QuantizeLinear', [raw, this.scale(r), this.zero(r)], `${result}_q`);
    this.ready.add(result);
    if (this.outputs.has(result)) this.dequantize(result, result);
  }

  /** The QLinear form of an operator, where it has one. */
  private qlinear(n: NodeProto, relu: boolean, result: string): boolean {
    const [x, y] = [this.ranges.get(n.input[0]!)!, this.ranges.get(result)!];
    // Saturation at zero does what Relu does.
    if (relu && y.zero !== 0) return false;
    const of = (v: string): string[] => {
      const r = this.ranges.get(v)!;
      return [this.integers(v), this.scale(r), this.zero(r)];
    };
    const to = [this.scale(y), this.zero(y)];
    const attribute = n.attribute as readonly Attribute[];
    const write = (op: string, input: string[], domain = MS, attributes: readonly Attribute[] = attribute): boolean => {
      this.nodes.push({
        opType: op,
        domain,
        name: `${op}_${result}`,
        input,
        output: [`${result}_q`],
        attribute: attributes,
      });
      return true;
    };
    switch (n.opType) {
      case 'Conv':
      case 'Gemm':
      case 'MatMul': {
        if (!this.weights.has(n.input[1]!)) return false;
        const w = this.integerWeight(n, n.input[1]!);
        const bias = n.input[2] ? [this.integerBias(n, n.input[2], x)] : [];
        if (n.opType === 'Conv') return write('QLinearConv', [...of(n.input[0]!), ...w, ...to, ...bias], '');
        if (n.opType === 'MatMul') return write('QLinearMatMul', [...of(n.input[0]!), ...w, ...to], '');
        return write(
          'QGemm',
          [...of(n.input[0]!), ...w, bias[0] ?? '', ...to],
          MS,
          attribute.filter((a) => (a as { name: string }).name !== 'beta'),
        );
      }
      case 'Add':
      case 'Mul':
        if (!this.ranges.has(n.input[1]!)) return false;
        return write(`QLinear${n.opType}`, [...of(n.input[0]!), ...of(n.input[1]!), ...to]);
      case 'Sigmoid':
        return write('QLinearSigmoid', [...of(n.input[0]!), ...to]);
      case 'AveragePool':
        return write('QLinearAveragePool', [...of(n.input[0]!), ...to]);
      case 'GlobalAveragePool':
        return write('QLinearGlobalAveragePool', [...of(n.input[0]!), ...to], MS, [
          { name: 'channels_last', type: 2, i: 0 },
        ]);
      case 'Concat':
        return write('QLinearConcat', [...to, ...n.input.flatMap(of)]);
      case 'MaxPool':
      case 'Transpose':
        return write(n.opType, [this.integers(n.input[0]!)], '');
      case 'Reshape':
      case 'Flatten':
        return write(n.opType, [this.integers(n.input[0]!), ...n.input.slice(1)], '');
    }
    return false;
  }

  private float(v: string): string {
    return this.ready.has(v) && !this.outputs.has(v) ? this.dequantized(v) : v;
  }

  /** The 8-bit form of a value. */
  private integers(v: string): string {
    if (!this.ready.has(v)) {
      const r = this.ranges.get(v)!;
      this.emit('QuantizeLinear', [v, this.scale(r), this.zero(r)], `${v}_q`);
      this.ready.add(v);
    }
    return `${v}_q`;
  }

  private dequantized(v: string): string {
    const name = `${v}_dq`;
    if (!this.ready.has(name)) {
      this.integers(v);
      this.dequantize(v, name);
      this.ready.add(name);
    }
    return name;
  }

  private dequantize(v: string, to: string): void {
    const r = this.ranges.get(v)!;
    this.emit('DequantizeLinear', [`${v}_q`, this.scale(r), this.zero(r)], to);
  }

  private emit(opType: string, input: readonly string[], output: string, attribute: readonly object[] = []): void {
    this.nodes.push({ opType, input, output: [output], attribute, name: `${opType}_${output}` });
  }

  private scale(r: Range): string {
    return this.constant(`scale_${r.scale}`, [], 1, new Uint8Array(Float32Array.of(r.scale).buffer));
  }
  private zero(r: Range): string {
    const type = this.options.activations === 'uint8' ? 2 : 3;
    return this.constant(`zero_${type}_${r.zero}`, [], type, Uint8Array.of(r.zero & 255));
  }
  private constant(name: string, dims: readonly number[], dataType: number, rawData: Uint8Array): string {
    if (!this.made.has(name)) this.made.set(name, { name, dims, dataType, rawData });
    return name;
  }

  private weight(n: NodeProto, name: string): string {
    const [integers, scale, zero] = this.integerWeight(n, name);
    const out = `${name}_dq`;
    if (!this.ready.has(out)) {
      const axis = this.channelAxis(n, name);
      const attribute = this.options.perChannel ? [{ name: 'axis', type: 2, i: axis }] : [];
      this.emit('DequantizeLinear', [integers, scale, zero], out, attribute);
      this.ready.add(out);
    }
    return out;
  }

  private channelAxis(n: NodeProto, name: string): number {
    const transposed = n.attribute.some((a) => a.name === 'transB' && int(a.i) === 1);
    return n.opType === 'Conv' || transposed ? 0 : this.weights.get(name)!.dims.length - 1;
  }

  private scalesOf(
    n: NodeProto,
    name: string,
  ): { scales: number[]; data: Float32Array; channel: (i: number) => number } {
    const t = this.weights.get(name)!;
    const data = floatsOf(t);
    const dims = t.dims.map(int);
    const axis = this.channelAxis(n, name);
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const count = this.options.perChannel ? dims[axis]! : 1;
    const channel = (i: number): number => (this.options.perChannel ? Math.floor(i / inner) % count : 0);
    const largest = new Float64Array(count);
    data.forEach((x, i) => {
      largest[channel(i)] = Math.max(largest[channel(i)]!, Math.abs(x));
    });
    return { scales: [...largest].map((m) => Math.fround((m || 1) / 127)), data, channel };
  }

  private integerWeight(n: NodeProto, name: string): [string, string, string] {
    const key = `${name}_int`;
    const { scales, data, channel } = this.scalesOf(n, name);
    const zero = this.options.weights === 'uint8' ? 128 : 0;
    const type = this.options.weights === 'uint8' ? 2 : 3;
    if (!this.made.has(key)) {
      const bytes = Uint8Array.from(data, (x, i) => {
        const q = Math.max(-127, Math.min(127, halfEven(x / scales[channel(i)]!)));
        return (q + zero) & 255;
      });
      this.constant(key, this.weights.get(name)!.dims.map(int), type, bytes);
      const dims = this.options.perChannel ? [scales.length] : [];
      this.constant(`${name}_scale`, dims, 1, new Uint8Array(Float32Array.from(scales).buffer));
      this.constant(`${name}_zero`, dims, type, new Uint8Array(scales.length).fill(zero));
    }
    return [key, `${name}_scale`, `${name}_zero`];
  }

  private integerBias(n: NodeProto, name: string, x: Range): string {
    const key = `${name}_int`;
    if (!this.made.has(key)) {
      const { scales } = this.scalesOf(n, n.input[1]!);
      const data = floatsOf(this.weights.get(name)!);
      const steps = Array.from(data, (_, i) => Math.fround(x.scale * scales[scales.length === 1 ? 0 : i]!));
      const stored = Int32Array.from(data, (b, i) => halfEven(b / steps[i]!));
      this.constant(key, [data.length], 6, new Uint8Array(stored.buffer));
      const per = scales.length > 1;
      this.constant(
        `${name}_scale`,
        per ? [data.length] : [],
        1,
        new Uint8Array(Float32Array.from(per ? steps : steps.slice(0, 1)).buffer),
      );
      this.constant(`${name}_zero`, per ? [data.length] : [], 6, new Uint8Array(4 * (per ? data.length : 1)));
    }
    return key;
  }

  private bias(n: NodeProto, name: string): string {
    if (!this.weights.has(name)) return name;
    const integers = this.integerBias(n, name, this.ranges.get(n.input[0]!)!);
    const out = `${name}_dq`;
    if (!this.ready.has(out)) {
      const attribute = this.options.perChannel ? [{ name: 'axis', type: 2, i: 0 }] : [];
      this.emit('DequantizeLinear', [integers, `${name}_scale`, `${name}_zero`], out, attribute);
      this.ready.add(out);
    }
    return out;
  }
}

function floatsOf(t: TensorProto): Float32Array {
  if (t.rawData.length > 0) return new Float32Array(new Uint8Array(t.rawData).buffer);
  return Float32Array.from(t.floatData);
}

function halfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : r;
}
