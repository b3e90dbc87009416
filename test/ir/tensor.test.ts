import { describe, expect, it } from 'vitest';
import { fromNumbers, toNumbers } from '../../optimizer/ir/tensor.ts';

describe('literals', () => {
  it('round to half precision as IEEE 754 says', () => {
    const pairs: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [65520, 0x7c00],
      [Number.NEGATIVE_INFINITY, 0xfc00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2047.9999, 0x6800],
      [0.1, 0x2e66],
    ];
    for (const [x, bits] of pairs) {
      const t = fromNumbers('float16', [1], [x]);
      expect(new Uint16Array(t.bytes.buffer)[0], String(x)).toBe(bits);
    }
    for (let bits = 0; bits < 0x7c00; bits += 7) {
      const t = { dtype: 'float16', shape: [1], bytes: new Uint8Array(Uint16Array.of(bits).buffer) } as const;
      expect(new Uint16Array(fromNumbers('float16', [1], toNumbers(t)).bytes.buffer)[0]).toBe(bits);
    }
  });

  it('round to bfloat16', () => {
    const t = fromNumbers('bfloat16', [4], [1, -3, 1 + 2 ** -8, 1 + 3 * 2 ** -8]);
    expect([...new Uint16Array(t.bytes.buffer)]).toEqual([0x3f80, 0xc040, 0x3f80, 0x3f82]);
    expect(toNumbers(t)).toEqual([1, -3, 1, 1 + 2 ** -6]);
  });
});
