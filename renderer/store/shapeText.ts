/** "1×224×224×3" (also with x, commas or spaces) as lengths, "scalar" as none; null where it is neither. */
export function shapeFromText(text: string): number[] | null {
  const t = text.trim();
  if (t === 'scalar') return [];
  const parts = t.split(/[\s×x,]+/);
  return /^\d+([\s×x,]+\d+)*$/.test(t) ? parts.map(Number) : null;
}
