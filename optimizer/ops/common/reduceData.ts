import { type DimExpr, dimAdd, dimMul, type Shape } from '../../ir/dim.ts';

/** Contents of a reduction of known whole numbers over one-dimensional data (the product of a shape, for one). */
export function mapReduce(
  op: string,
  data: readonly DimExpr[] | null,
  shape: Shape,
  axes: readonly number[],
): readonly DimExpr[] | null {
  if (!data || shape.length !== 1 || axes.length !== 1) return null;
  if (op === 'ReduceProd') return [dimMul(1, ...data)];
  if (op === 'ReduceSum') return [dimAdd(0, ...data)];
  if (!data.every((d) => typeof d === 'number') || data.length === 0) return null;
  if (op === 'ReduceMax') return [Math.max(...(data as number[]))];
  if (op === 'ReduceMin') return [Math.min(...(data as number[]))];
  return null;
}
