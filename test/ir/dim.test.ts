import { describe, expect, it } from 'vitest';
import {
  type DimExpr,
  dimAdd,
  dimCeilDiv,
  dimFloorDiv,
  dimKey,
  dimMax,
  dimMin,
  dimMul,
  dimSub,
  evalDim,
} from '../../optimizer/ir/dim.ts';

describe('dimensions', () => {
  it('have one form for what is equal', () => {
    const half = dimAdd(dimFloorDiv(dimSub('h', 1), 2), 1);
    expect(dimKey(half)).toBe(dimKey(dimCeilDiv('h', 2)));
    expect(dimKey(dimCeilDiv(dimCeilDiv('h', 2), 2))).toBe('floor((h + 3)/4)');
    expect(dimKey(dimFloorDiv(dimMul(6, 'n', 's'), dimMul(2, 's')))).toBe('3*n');
    expect(dimFloorDiv(dimAdd(dimMul(4, 'w'), 3), 4)).toBe('w');
  });

  it('keep their value under every rewriting', () => {
    let seed = 3;
    const draw = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 4294967296) * n);
    };
    const symbols = ['a', 'b', 'c'];
    for (let k = 0; k < 2000; k++) {
      const bind = new Map(symbols.map((s) => [s, 1 + draw(40)]));
      // The simplified expression and the plain number grow side by side.
      let e: DimExpr = symbols[draw(3)]!;
      let n = bind.get(e)!;
      for (let i = 0; i < 6; i++) {
        const s = symbols[draw(3)]!;
        const [other, m] = draw(2) ? [s as DimExpr, bind.get(s)!] : [1 + draw(6), 0];
        const v = typeof other === 'number' ? other : m;
        const step = draw(7);
        if (step === 0) [e, n] = [dimAdd(e, other), n + v];
        else if (step === 1) [e, n] = [dimSub(e, other), n - v];
        else if (step === 2) [e, n] = [dimMul(e, other), n * v];
        else if (step === 3) [e, n] = [dimFloorDiv(e, other), Math.floor(n / v)];
        else if (step === 4) [e, n] = [dimCeilDiv(e, other), Math.ceil(n / v)];
        else if (step === 5) [e, n] = [dimMin(e, other), Math.min(n, v)];
        else [e, n] = [dimMax(e, other), Math.max(n, v)];
      }
      // Adding 0 turns -0 into 0.
      expect(evalDim(e, bind) + 0, dimKey(e)).toBe(n + 0);
    }
  });
});
