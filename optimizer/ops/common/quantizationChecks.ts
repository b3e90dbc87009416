import { shapeText } from '../../ir/dim.ts';
import type { DataType } from '../../ir/dtype.ts';
import { toNumbers } from '../../ir/tensor.ts';
import { type InferContext, OpError } from '../op.ts';

/** What QuantizeLinear and DequantizeLinear must have; throws OpError. `integers`: the type that is not floating point. */
export function checkQuantization(ctx: InferContext, integers: DataType): void {
  const x = ctx.inputs[0]?.shape ?? null;
  const scale = ctx.inputs[1];
  const zero = ctx.inputs[2];
  const blocks = ctx.attr<number>('block_size') !== 0;
  if (zero && zero.dtype !== integers) {
    throw new OpError(`has a zero point of type ${zero.dtype} for integers of type ${integers}`);
  }
  if (zero?.shape && scale?.shape && shapeText(zero.shape) !== shapeText(scale.shape)) {
    const one = (s: readonly unknown[]): boolean => s.length === 0 || (s.length === 1 && s[0] === 1);
    if (!one(zero.shape) || !one(scale.shape)) {
      throw new OpError(`has zero points of shape ${shapeText(zero.shape)} for scales of ${shapeText(scale.shape)}`);
    }
  }
  if (scale?.shape && !blocks) checkShape(scale.shape, x, ctx.attr<number>('axis'));
  const numbers = ctx.literal(1);
  const wrong = numbers ? toNumbers(numbers).find((s) => !(s > 0 && Number.isFinite(s))) : undefined;
  if (wrong !== undefined) throw new OpError(`has the scale ${wrong}; scales are positive numbers`);
}

function checkShape(scale: readonly unknown[], x: readonly unknown[] | null, given: number): void {
  if (scale.length > 1) throw new OpError('has scales of more than one axis, which only go with a block_size');
  if (scale.length === 0 || scale[0] === 1 || x === null) return;
  const axis = given < 0 ? given + x.length : given;
  const dim = x[axis];
  if (dim === undefined) throw new OpError(`has scales along axis ${given} of a tensor of ${x.length} axes`);
  if (typeof dim === 'number' && typeof scale[0] === 'number' && dim !== scale[0]) {
    throw new OpError(`has ${scale[0]} scales along axis ${given}, which is ${dim} long`);
  }
}
