import { type DimExpr, dimFloorDiv, elementCount, type Shape, sameDim, shapeText } from '../../ir/dim.ts';
import { OpError } from '../op.ts';

/** Result of Reshape: 0 copies the input's dimension (unless `allowZero`), one −1 takes what is left. */
export function reshapeTo(input: Shape, target: readonly DimExpr[], allowZero: boolean): Shape {
  const out: DimExpr[] = target.map((d, i) => {
    if (d !== 0 || allowZero) return d;
    if (i >= input.length)
      throw new OpError(`shape entry ${i} copies a dimension that ${shapeText(input)} does not have`);
    return input[i]!;
  });
  const open = out.indexOf(-1);
  if (open >= 0) {
    if (out.includes(-1, open + 1)) throw new OpError('the target shape has more than one -1');
    const known = elementCount(out.filter((_, i) => i !== open));
    // An unknown dimension that stays itself cancels exactly; what does not divide stays an expression.
    out[open] = known === 0 ? 0 : dimFloorDiv(elementCount(input), known);
  }
  const [have, want] = [elementCount(input), elementCount(out)];
  if (typeof have === 'number' && typeof want === 'number' && !sameDim(have, want)) {
    throw new OpError(`cannot reshape ${shapeText(input)} (${have} elements) to ${shapeText(out)} (${want} elements)`);
  }
  if (out.some((d) => typeof d === 'number' && d < 0))
    throw new OpError(`target shape ${shapeText(out)} has a negative dimension`);
  return out;
}
