/** "0.485, 0.456, 0.406" and "1/255" as numbers; null when a part is none. */
export function parseNumbers(text: string): number[] | null {
  const values = text
    .split(/[,;\s]+/)
    .filter((p) => p !== '')
    .map((part) => {
      const [a, b, more] = part.split('/');
      if (a === '' || b === '' || more !== undefined) return Number.NaN;
      return b === undefined ? Number(a) : Number(a) / Number(b);
    });
  return values.length > 0 && values.every(Number.isFinite) ? values : null;
}

const one = (x: number): string => {
  const inverse = Math.round(1 / x);
  return inverse > 1 && inverse <= 65535 && Math.abs(1 / x - inverse) < 1e-9 && x !== Number(x.toPrecision(6))
    ? `1/${inverse}`
    : String(x);
};
/** The shortest text that reads as these numbers again. */
export const numbersText = (values: readonly number[]): string => values.map(one).join(', ');
