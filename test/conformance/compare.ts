import { bitsOf } from '../../optimizer/ir/dtype.ts';
import { toNumbers } from '../../optimizer/ir/tensor.ts';
import type { Tensor } from '../../optimizer/runtime.ts';

/** The tolerance of the ONNX project's own backend tests (numpy.testing.assert_allclose). */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;
/** A unit in the last place, where it is more than that. */
const LAST_PLACE: Readonly<Record<string, number>> = { float16: 2 ** -10, bfloat16: 2 ** -7 };

/** Why two tensors differ, or null: types and shapes exactly, numbers within the suite's tolerance. */
export function differenceText(want: Tensor, got: Tensor, valuesToo: boolean): string | null {
  if (want.absent || got.absent) return want.absent === got.absent ? null : `is ${got.absent ? 'absent' : 'there'}`;
  if (want.items || got.items) return sequenceDifference(want, got, valuesToo);
  if (want.dtype !== got.dtype) return `is ${got.dtype}, should be ${want.dtype}`;
  if (want.shape.length !== got.shape.length || want.shape.some((d, i) => d !== got.shape[i])) {
    return `is ${got.shape.join('×') || 'a scalar'}, should be ${want.shape.join('×') || 'a scalar'}`;
  }
  if (!valuesToo) return null;
  // Types of 8 bits and less have no numbers here: what is stored must be the same.
  if (bitsOf(want.dtype) < 8 || want.dtype.startsWith('float8')) {
    return Buffer.compare(want.bytes, got.bytes) === 0 ? null : 'is stored as other bits';
  }
  const relative = Math.max(RELATIVE, LAST_PLACE[want.dtype] ?? 0);
  const a = toNumbers(want);
  const b = toNumbers(got);
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (Math.abs(x - y) <= ABSOLUTE + relative * Math.abs(x)) continue;
    return `element ${i} is ${y}, should be ${x}`;
  }
  return null;
}

function sequenceDifference(want: Tensor, got: Tensor, valuesToo: boolean): string | null {
  const [a, b] = [want.items, got.items];
  if (!a || !b) return `is ${b ? 'a sequence' : 'a tensor'}, should be the other`;
  if (a.length !== b.length) return `has ${b.length} tensors, should have ${a.length}`;
  for (let i = 0; i < a.length; i++) {
    const text = differenceText(a[i]!, b[i]!, valuesToo);
    if (text !== null) return `tensor ${i} ${text}`;
  }
  return null;
}
