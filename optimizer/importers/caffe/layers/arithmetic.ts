import type { ValueId } from '../../../ir/graph.ts';
import { ImportError } from '../../error.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';

const PROD = 0;
const SUM = 1;

const eltwise: ConvertLayer = (c) => {
  const p = c.settings('eltwise_param');
  const coeff = p.coeff as readonly number[];
  if (coeff.length > 0 && coeff.length !== c.bottoms.length)
    throw new ImportError(
      'invalid-operator',
      `${c.label} has ${coeff.length} coefficients for ${c.bottoms.length} bottoms.`,
    );
  const op = p.operation === PROD ? 'Mul' : p.operation === SUM ? 'Add' : 'Max';
  const terms = c.bottoms.map((b, i) =>
    op === 'Add' && coeff.length > 0 && coeff[i] !== 1 ? c.e.node('Mul', [b, c.e.scalar(coeff[i]!)]) : b,
  );
  c.bottom(1);
  return [terms.reduce((a, b) => c.e.node(op, [a, b]))];
};

/** A blob, or the second bottom, laid along the axes of the first bottom from `axis` on. */
function operand(c: LayerContext, blob: number, axis: number, count: number): ValueId {
  const rank = c.shape().length;
  const covered = c.bottoms.length > 1 ? c.shape(1).length : Math.max(0, count);
  if (axis + covered > rank)
    throw new ImportError(
      'bad-shape',
      `${c.label} covers ${covered} axes from ${axis} on of an input of ${rank} dimensions.`,
    );
  if (c.bottoms.length > 1) {
    const dims = c.e.lengths(c.bottom(1));
    return c.e.reshape(c.bottom(1), [...dims, ...new Array<number>(rank - axis - dims.length).fill(1)]);
  }
  const end = count < 0 ? rank : axis + count;
  const dims = c
    .shape()
    .slice(axis, end)
    .map((_, i) => c.length(axis + i));
  return c.blob(blob, dims, [...dims, ...new Array<number>(rank - end).fill(1)]);
}

const scale: ConvertLayer = (c) => {
  const p = c.settings('scale_param');
  const axis = c.axis(p.axis as number, true);
  const count = p.num_axes as number;
  const y = c.e.node('Mul', [c.bottom(), operand(c, 0, axis, count)]);
  if (p.bias_term !== true) return [y];
  if (c.bottoms.length === 1) return [c.e.node('Add', [y, operand(c, 1, axis, count)])];
  // The scale comes from a bottom; its bias is then the layer's only blob, of the same shape.
  const dims = c.e.lengths(c.bottom(1));
  const ones = new Array<number>(c.shape().length - axis - dims.length).fill(1);
  return [c.e.node('Add', [y, c.blob(0, dims, [...dims, ...ones])])];
};

const bias: ConvertLayer = (c) => {
  const p = c.settings('bias_param');
  return [c.e.node('Add', [c.bottom(), operand(c, 0, c.axis(p.axis as number, true), p.num_axes as number)])];
};

const REDUCTIONS: Readonly<Record<number, string>> = {
  1: 'ReduceSum',
  2: 'ReduceL1',
  3: 'ReduceSumSquare',
  4: 'ReduceMean',
};

/** Everything from an axis on becomes one number. */
const reduction: ConvertLayer = (c) => {
  const p = c.settings('reduction_param');
  const from = c.axis(p.axis as number);
  const axes = c.shape().flatMap((_, i) => (i >= from ? [i] : []));
  const y = c.e.node(REDUCTIONS[p.operation as number]!, [c.bottom(), c.e.ints(...axes)], { keepdims: 0 });
  return [p.coeff === 1 ? y : c.e.node('Mul', [y, c.e.scalar(p.coeff as number)])];
};

export const ARITHMETIC: LayerTable = { Bias: bias, Eltwise: eltwise, Reduction: reduction, Scale: scale };
