import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, evaluateWeight, literalWeight } from '../../ir/weights.ts';
import { quantizationScales, type Scale } from './quantizationScales.ts';

/** What becomes 8-bit integers, and how. */
export interface QuantizeOptions {
  /** Largest magnitude of a value; undefined where calibration has none: it stays in floating point. */
  amax(value: ValueId): number | undefined;
  /** False for nodes that must stay in floating point. */
  allowed(node: Node): boolean;
  /**
   * int8: symmetric, amax / 127, what our engines and TensorRT compute with. uint8: no negative numbers where none can
   * occur (amax / 255, twice as fine), zero point 128 elsewhere; the form that ONNX Runtime computes fastest on x86.
   */
  readonly activations: 'int8' | 'uint8';
}

/** Products whose second operand becomes int8 with a scale per output channel. */
const PRODUCTS = new Set(['Conv', 'MatMul', 'Gemm']);
const OTHERS = new Set([
  ...['AveragePool', 'GlobalAveragePool', 'Add', 'Mul', 'Sub', 'MaxPool', 'Concat', 'Reshape', 'Transpose', 'Split'],
  ...['Flatten', 'Squeeze', 'Unsqueeze', 'Slice', 'Relu', 'Clip', 'LeakyRelu', 'HardSwish', 'Sigmoid'],
]);
const ACTIVATIONS = new Set(['Relu', 'Clip']);
const FUSED = new Set(['Conv', 'MatMul', 'Pointwise', 'Shuffle']);

/**
 * A copy of the graph with QuantizeLinear and DequantizeLinear around every operator that has an integer form, allowed and
 * calibrated; weights of convolutions and products as int8 constants per output channel, biases as int32.
 */
export function quantizeGraph(graph: Graph, options: QuantizeOptions): Graph {
  const g = graph.clone();
  const scales = new Map(quantizationScales(graph, options));
  // Between a product and its activation nothing is rounded: runtimes compute the two as one.
  for (const node of graph.nodes()) {
    const users = productOf(node) ? graph.users(node.outputs[0]!) : [];
    if (users.length === 1 && ACTIVATIONS.has(users[0]!.node.op)) scales.delete(node.outputs[0]!);
  }
  const writer = new Writer(g, scales, options);
  for (const node of graph.topological()) writer.node(node);
  return g;
}

class Writer {
  private readonly g: Graph;
  private readonly scales: ReadonlyMap<ValueId, Scale>;
  private readonly options: QuantizeOptions;
  private readonly rounded = new Map<ValueId, ValueId>();

  constructor(g: Graph, scales: ReadonlyMap<ValueId, Scale>, options: QuantizeOptions) {
    this.g = g;
    this.scales = scales;
    this.options = options;
  }

  node(node: Node): void {
    const core = productOf(node);
    const known = node.domain === FUSED_DOMAIN ? FUSED.has(node.op) : node.domain === '' && OTHERS.has(node.op);
    if ((!core && !known) || !this.options.allowed(node)) return;
    const activations = node.inputs.filter((v): v is ValueId => v !== null && this.isActivation(v));
    if (activations.length === 0 || (core && !this.scales.has(core.x))) return;
    if (!core && !activations.every((v) => this.scales.has(v))) return;
    if (core && !this.g.value(core.weights).weight) return;
    const inputs = node.inputs.map((v) => {
      if (v === null) return v;
      if (core && v === core.weights) return this.weights(node, core);
      if (core && v === core.bias && this.g.value(v).weight) return this.bias(node, core, v);
      return this.isActivation(v) && this.scales.has(v) ? this.pair(node, v) : v;
    });
    this.g.updateNode(node.id, { inputs });
    // A result that nothing quantizes further is rounded too where it stays inside the model.
    for (const v of node.outputs) if (!this.g.isOutput(v) && this.scales.has(v)) this.roundResult(node, v);
  }

  private isActivation(v: ValueId): boolean {
    const { type, weight } = this.g.value(v);
    return type.dtype === 'float32' && weight === undefined;
  }

  /** The rounded form of a value, for readers that compute on integers. */
  private pair(like: Node, v: ValueId): ValueId {
    const known = this.rounded.get(v);
    if (known !== undefined) return known;
    const { name, type } = this.g.value(v);
    const { scale, zeroPoint } = this.scales.get(v)!;
    const dtype = this.options.activations;
    const parameters = [this.number(scale), this.constant(fromNumbers(dtype, [], [zeroPoint]))];
    const integers = this.g.addValue({ name: name && `${name}_quantized`, type: { dtype, shape: type.shape } });
    const back = this.g.addValue({ name: name && `${name}_dequantized`, type });
    this.add('QuantizeLinear', like, [v, ...parameters], integers.id);
    this.add('DequantizeLinear', like, [integers.id, ...parameters], back.id);
    this.rounded.set(v, back.id);
    return back.id;
  }

  /** Every reader of a quantized layer's result reads it rounded: the layer then never leaves the integers. */
  private roundResult(node: Node, v: ValueId): void {
    const back = this.pair(node, v);
    for (const { node: reader, index } of this.g.users(v)) {
      if (reader.op === 'QuantizeLinear') continue;
      this.g.updateNode(reader.id, { inputs: this.g.node(reader.id).inputs.map((x, i) => (i === index ? back : x)) });
    }
  }

  private add(op: string, like: Node, inputs: readonly ValueId[], output: ValueId, axis?: number): void {
    const attrs = axis === undefined ? {} : { axis };
    const name = this.g.value(output).name && `${this.g.value(output).name}_${op}`;
    this.g.addNode({ op, domain: '', name, attrs, inputs, outputs: [output], source: like.source });
  }
  private constant(value: Parameters<typeof literalWeight>[0]): ValueId {
    return this.g.addWeight(literalWeight(value)).id;
  }
  private number(x: number): ValueId {
    return this.constant(fromNumbers('float32', [], [x]));
  }

  /** int8 weights and their scales as expressions: the numbers stay out of memory here. */
  private weights(node: Node, core: Product): ValueId {
    const { weight, name, type } = this.g.value(core.weights);
    const scale = this.weightScale(core);
    const zero = literalWeight(fromNumbers('int8', scale.shape, new Array<number>(scale.shape[0]!).fill(0)));
    const integers = evaluateWeight(
      'QuantizeLinear',
      { axis: core.axis },
      [weight!, scale, zero],
      'int8',
      weight!.shape,
    );
    const inputs = [integers, scale, zero].map((w, i) => this.g.addWeight(w, i === 0 ? `${name}_quantized` : '').id);
    const out = this.g.addValue({ name: `${name}_dequantized`, type });
    this.add('DequantizeLinear', node, inputs, out.id, core.axis);
    return out.id;
  }

  /** max|w| / 127 per channel; larger where an int32 could not hold the bias otherwise. */
  private weightScale(core: Product): WeightExpr {
    const w = this.g.value(core.weights).weight!;
    const channels = [w.shape[core.axis]!];
    const others = w.shape.map((_, i) => i).filter((i) => i !== core.axis);
    const axes = literalWeight(fromNumbers('int64', [others.length], others));
    const largest = evaluateWeight('ReduceMax', { keepdims: 0 }, [absolute(w), axes], 'float32', channels);
    const scale = binary('Max', binary('Div', largest, scalar(127)), scalar(2 ** -40));
    const bias = core.bias === null ? undefined : this.g.value(core.bias).weight;
    if (!bias) return scale;
    return binary('Max', scale, binary('Div', absolute(bias), scalar(this.scales.get(core.x)!.scale * 2 ** 30)));
  }

  private bias(node: Node, core: Product, v: ValueId): ValueId {
    const { weight, name, type } = this.g.value(v);
    const scale = binary('Mul', this.weightScale(core), scalar(this.scales.get(core.x)!.scale));
    const steps = evaluateWeight('Round', {}, [binary('Div', weight!, scale)], 'float32', weight!.shape);
    const inputs = [castWeight(steps, 'int32'), scale].map(
      (w, i) => this.g.addWeight(w, i === 0 ? `${name}_quantized` : '').id,
    );
    const out = this.g.addValue({ name: `${name}_dequantized`, type });
    this.add('DequantizeLinear', node, inputs, out.id, 0);
    return out.id;
  }
}

interface Product {
  readonly x: ValueId;
  readonly weights: ValueId;
  /** Only one with a number per output channel. */
  readonly bias: ValueId | null;
  /** Output channels among the axes of the weights. */
  readonly axis: number;
}

/** The operands of a node that is, or fuses, a product with a matrix or kernels of weights. */
function productOf(node: Node): Product | null {
  const graph = node.body;
  const core = graph
    ? graph.topological().find((n) => n.domain === '' && PRODUCTS.has(n.op))
    : node.domain === '' && PRODUCTS.has(node.op)
      ? node
      : undefined;
  if (!core || (node.domain === FUSED_DOMAIN && !FUSED.has(node.op))) return null;
  const outer = (v: ValueId | null | undefined): ValueId | null => {
    if (v === null || v === undefined) return null;
    return graph ? (node.inputs[graph.inputs.indexOf(v)] ?? null) : v;
  };
  const pad = graph?.producer(core.inputs[0]!);
  const x = outer(pad?.op === 'Pad' ? pad.inputs[0] : core.inputs[0]);
  const weights = outer(core.inputs[1]);
  if (x === null || weights === null) return null;
  const columns = core.op === 'Conv' || core.attrs.transB === 1 ? 0 : 1;
  const plain = core.op !== 'Gemm' || ((core.attrs.alpha ?? 1) === 1 && (core.attrs.beta ?? 1) === 1);
  return plain ? { x, weights, bias: outer(core.inputs[2]), axis: columns } : null;
}

const scalar = (x: number): WeightExpr => literalWeight(fromNumbers('float32', [], [x]));
const absolute = (w: WeightExpr): WeightExpr => evaluateWeight('Abs', {}, [w], 'float32', w.shape);
const binary = (op: string, a: WeightExpr, b: WeightExpr): WeightExpr =>
  evaluateWeight(op, {}, [a, b], 'float32', a.shape.length >= b.shape.length ? a.shape : b.shape);
