import { type DataType, findDtype } from '../../ir/dtype.ts';
import { UnsupportedUse } from '../op.ts';

export { codeOfDtype, findDtype } from '../../ir/dtype.ts';

/** The element type that an attribute's number means (Cast and its kin). */
export function dtypeOfCode(code: number): DataType {
  const d = findDtype(code);
  if (!d) throw new UnsupportedUse(`uses the element type number ${code}, which is not supported`);
  return d;
}
