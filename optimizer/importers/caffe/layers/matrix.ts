import { elementCount } from '../../../ir/dim.ts';
import { transposeWeight } from '../../../ir/weights.ts';
import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertLayer, LayerTable } from '../layer.ts';

/** All dimensions from `axis` on are one vector; those before it stay. */
const innerProduct: ConvertLayer = (c) => {
  const p = c.settings('inner_product_param');
  const axis = c.axis(p.axis as number);
  const k = elementCount(c.shape().slice(axis));
  if (typeof k !== 'number') throw new Unconvertible('needs the size of its input to be known');
  const n = p.num_output as number;
  const transposed = p.transpose === true;
  const bias = p.bias_term === true ? [c.blob(1, [n])] : [];
  if (axis === 1) {
    const x = c.shape().length === 2 ? c.bottom() : c.e.node('Flatten', [c.bottom()], { axis: 1 });
    const w = c.blob(0, transposed ? [k, n] : [n, k]);
    return [c.e.node('Gemm', [x, w, ...bias], { transB: transposed ? 0 : 1 })];
  }
  const kept = c
    .shape()
    .slice(0, axis)
    .map(() => 0);
  const x = c.shape().length === axis + 1 ? c.bottom() : c.e.reshape(c.bottom(), [...kept, k]);
  const stored = c.blob(0, transposed ? [k, n] : [n, k]);
  const weight = c.e.graph.value(stored).weight!;
  const w = transposed ? stored : c.e.weight(transposeWeight(weight, [1, 0]), `${c.layer.name}.0`);
  const y = c.e.node('MatMul', [x, w]);
  return [bias.length > 0 ? c.e.node('Add', [y, bias[0]!]) : y];
};

/** Rows of a table by index; indices come as floats. */
const embed: ConvertLayer = (c) => {
  const p = c.settings('embed_param');
  const [rows, n] = [p.input_dim as number, p.num_output as number];
  const table = c.blob(0, [rows, n]);
  const y = c.e.node('Gather', [table, c.e.node('Cast', [c.bottom()], { to: 7 })], { axis: 0 });
  return [p.bias_term === true ? c.e.node('Add', [y, c.blob(1, [n])]) : y];
};

export const MATRIX: LayerTable = { Embed: embed, InnerProduct: innerProduct };
