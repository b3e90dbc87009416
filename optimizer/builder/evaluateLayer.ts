import type { LayerMessage } from '../engine/messages.ts';
import { Graph } from '../ir/graph.ts';
import type { EvaluateWeight, WeightExpr } from '../ir/weight.ts';
import { encodeLayer } from './encode.ts';
import { lowerGraph } from './lower/index.ts';
import { BuildError } from './plan.ts';

/**
 * The single layer that computes one operator on constants. Inputs that lowering turns into attributes (Slice starts, for
 * one) must be literals; the operands that remain are returned in the layer's order.
 */
export function evaluateLayer(w: EvaluateWeight): { layer: LayerMessage; inputs: (WeightExpr | null)[] } {
  const g = new Graph();
  const operands = w.inputs.map((input) => {
    if (!input) return null;
    // Literals stay constants, so that lowering can read them; everything else is an operand.
    return input.kind === 'literal'
      ? g.addWeight(input).id
      : g.addValue({ name: '', type: { dtype: input.dtype, shape: input.shape } }).id;
  });
  g.inputs = operands.filter((v): v is number => v !== null && !g.value(v).weight);
  const outputs = Array.from(
    { length: w.output + 1 },
    () => g.addValue({ name: '', type: { dtype: w.dtype, shape: w.shape } }).id,
  );
  g.addNode({ op: w.op, domain: '', name: '', attrs: w.attrs, inputs: operands, outputs, source: ['0'] });
  g.setOutputs([outputs[w.output]!]);
  const plan = lowerGraph(g, () => null);
  if (plan.layers.length !== 1) throw new BuildError(`${w.op} cannot be evaluated on constants in one step`);
  const layer = plan.layers[0]!;
  const inputs = layer.inputs.map((v): WeightExpr | null => {
    if (v < 0) return null;
    const value = plan.values[v]!;
    if (value.weight) return value.weight;
    return w.inputs[operands.indexOf(value.ir!)] ?? null;
  });
  // Operand order is the message's order: indices count operands, not plan values.
  const message = encodeLayer(
    { ...layer, inputs: inputs.map((i, k) => (i ? k : -1)), outputs: layer.outputs.map((_, k) => k) },
    [],
  );
  return { layer: message, inputs };
}
