import { numbersOf } from '../optimizer/engine/summary.ts';
import type { Tensor } from '../optimizer/runtime.ts';

/** An output with numbers that are no results: overflow in 16 bits is the usual cause. */
export interface NonFinite {
  readonly output: string;
  readonly infinite: number;
  readonly nan: number;
}

export function nonFinite(outputs: Readonly<Record<string, Tensor>>): NonFinite[] {
  return Object.entries(outputs).flatMap(([output, t]) => {
    let infinite = 0;
    let nan = 0;
    const numbers = numbersOf(t);
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i]!;
      if (Number.isNaN(x)) nan++;
      else if (!Number.isFinite(x)) infinite++;
    }
    return infinite + nan > 0 ? [{ output, infinite, nan }] : [];
  });
}

/** "3 infinities and 1 NaN" */
export function nonFiniteText(o: NonFinite): string {
  const infinite = o.infinite > 0 ? [`${o.infinite} ${o.infinite === 1 ? 'infinity' : 'infinities'}`] : [];
  const nan = o.nan > 0 ? [`${o.nan} NaN`] : [];
  return [...infinite, ...nan].join(' and ');
}
