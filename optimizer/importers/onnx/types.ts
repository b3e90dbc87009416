import type { DimExpr } from '../../ir/dim.ts';
import type { TensorType } from '../../ir/graph.ts';
import { findDtype } from '../../ops/common/dtypes.ts';
import { int, type TypeProto } from './messages.ts';

/** A value whose type nobody declared. */
export const UNKNOWN: TensorType = { dtype: 'float32', shape: null, guessed: true };

/**
 * The declared type of a tensor; null when there is none, or it is of another kind than tensors, sequences and optional values. Dimensions without a length get
 * the declared symbol, or one named after the value.
 */
export function declaredType(name: string, type: TypeProto | null): TensorType | null {
  if (type?.optionalType) {
    const inner = declaredType(name, type.optionalType.elemType);
    return inner && { ...inner, optional: true };
  }
  if (type?.sequenceType) {
    const element = declaredType(name, type.sequenceType.elemType);
    // Lengths that are not fixed may differ from tensor to tensor: they bind nothing.
    const shape = element?.shape?.map((d, i) => (typeof d === 'number' ? d : `?${name}.${i}`)) ?? null;
    return element && { ...element, shape, sequence: true };
  }
  const tensor = type?.tensorType;
  const dtype = tensor ? findDtype(tensor.elemType) : undefined;
  if (!tensor || !dtype) return null;
  if (!tensor.shape) return { dtype, shape: null };
  const shape = tensor.shape.dim.map((d, i): DimExpr => {
    const length = Object.hasOwn(d, 'dimValue') && d.dimValue !== null ? int(d.dimValue) : -1;
    if (length >= 0) return length;
    return d.dimParam && d.dimParam !== '?' && !/^-?\d+$/.test(d.dimParam) ? d.dimParam : `${name}.${i}`;
  });
  return { dtype, shape };
}
