/**
 * Symbolic dimensions: a number, a named symbol, or an expression over them.
 * Expressions are kept in one normal form, so that `sameDim` decides equality of everything the importers produce:
 * sums and products are flattened, constants folded, like terms merged and operands sorted.
 */
export type DimExpr = number | string | DimOp;
export interface DimOp {
  readonly op: 'add' | 'mul' | 'floorDiv' | 'ceilDiv' | 'min' | 'max';
  readonly args: readonly DimExpr[];
}
export type Shape = readonly DimExpr[];

/** Key of a dimension, equal for equal expressions; also its text for people. */
export function dimKey(d: DimExpr): string {
  if (typeof d === 'number') return String(d);
  if (typeof d === 'string') return d;
  const a = d.args.map(dimKey);
  switch (d.op) {
    case 'add':
      return `(${a.join(' + ').replace(/\+ -/g, '- ')})`;
    case 'mul':
      return a.join('*');
    case 'floorDiv':
      return `floor(${a[0]}/${a[1]})`;
    case 'ceilDiv':
      return `ceil(${a[0]}/${a[1]})`;
    default:
      return `${d.op}(${a.join(', ')})`;
  }
}

export const sameDim = (a: DimExpr, b: DimExpr): boolean => a === b || dimKey(a) === dimKey(b);
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => sameDim(d, b[i]!));
export const isStatic = (s: Shape): s is readonly number[] => s.every((d) => typeof d === 'number');
export const shapeText = (s: Shape | null): string =>
  s === null ? '?' : s.length === 0 ? 'scalar' : s.map(dimKey).join('×');

const byKey = (a: DimExpr, b: DimExpr): number => {
  const x = dimKey(a);
  const y = dimKey(b);
  return x < y ? -1 : x > y ? 1 : 0;
};

/** One summand as coefficient × factors. */
function termOf(d: DimExpr): { coef: number; rest: readonly DimExpr[] } {
  if (typeof d === 'number') return { coef: d, rest: [] };
  if (typeof d === 'object' && d.op === 'mul') {
    const [head, ...tail] = d.args;
    return typeof head === 'number' ? { coef: head, rest: tail } : { coef: 1, rest: d.args };
  }
  return { coef: 1, rest: [d] };
}

function makeTerm(coef: number, rest: readonly DimExpr[]): DimExpr {
  if (coef === 0 || rest.length === 0) return coef;
  if (coef === 1) return rest.length === 1 ? rest[0]! : { op: 'mul', args: rest };
  return { op: 'mul', args: [coef, ...rest] };
}

export function dimAdd(...operands: DimExpr[]): DimExpr {
  const terms = new Map<string, { coef: number; rest: readonly DimExpr[] }>();
  const visit = (d: DimExpr): void => {
    if (typeof d === 'object' && d.op === 'add') {
      for (const a of d.args) visit(a);
      return;
    }
    const t = termOf(d);
    const key = t.rest.map(dimKey).join('*');
    const seen = terms.get(key);
    if (seen) seen.coef += t.coef;
    else terms.set(key, { ...t });
  };
  for (const d of operands) visit(d);
  const kept = [...terms.values()].filter((t) => t.coef !== 0);
  // Constants last: "2*W - 1" reads as people write it.
  kept.sort((a, b) =>
    a.rest.length === 0 ? 1 : b.rest.length === 0 ? -1 : byKey(makeTerm(1, a.rest), makeTerm(1, b.rest)),
  );
  if (kept.length === 0) return 0;
  const args = kept.map((t) => makeTerm(t.coef, t.rest));
  return args.length === 1 ? args[0]! : { op: 'add', args };
}

/** A product of sums is multiplied out up to this many terms; beyond, it stays a product. */
const MAX_TERMS = 256;

export function dimMul(...operands: DimExpr[]): DimExpr {
  let coef = 1;
  const factors: DimExpr[] = [];
  const sums: DimOp[] = [];
  const visit = (d: DimExpr): void => {
    if (typeof d === 'number') coef *= d;
    else if (typeof d === 'object' && d.op === 'mul') for (const a of d.args) visit(a);
    else if (typeof d === 'object' && d.op === 'add') sums.push(d);
    else factors.push(d);
  };
  for (const d of operands) visit(d);
  if (coef === 0) return 0;
  if (sums.reduce((n, d) => n * d.args.length, 1) > MAX_TERMS) return makeTerm(coef, [...factors, ...sums].sort(byKey));
  if (sums.length > 0) {
    // Distribute: one normal form for (W+1)*2 and 2*W+2.
    const [head, ...others] = sums;
    const outer = [coef, ...factors, ...others];
    return dimAdd(...head!.args.map((a) => dimMul(a, ...outer)));
  }
  factors.sort(byKey);
  return makeTerm(coef, factors);
}

export const dimSub = (a: DimExpr, b: DimExpr): DimExpr => dimAdd(a, dimMul(-1, b));

/** Divides exactly when every term is divisible; otherwise null. */
function exactDiv(a: DimExpr, b: DimExpr): DimExpr | null {
  if (b === 1) return a;
  if (b === 0) return null;
  if (sameDim(a, b)) return 1;
  if (typeof a === 'object' && a.op === 'add') {
    const parts = a.args.map((t) => exactDiv(t, b));
    return parts.some((p) => p === null) ? null : dimAdd(...(parts as DimExpr[]));
  }
  const t = termOf(a);
  const u = termOf(b);
  if (t.coef % u.coef !== 0) return null;
  const rest = [...t.rest];
  for (const f of u.rest) {
    const at = rest.findIndex((r) => sameDim(r, f));
    if (at < 0) return null;
    rest.splice(at, 1);
  }
  return makeTerm(t.coef / u.coef, rest);
}

/** Splits a numerator over a positive number: what divides exactly goes outside, the constant is reduced below it. */
function splitOver(a: DimExpr, b: number): { outside: DimExpr; inside: DimExpr } {
  const terms = typeof a === 'object' && a.op === 'add' ? a.args : [a];
  const outside: DimExpr[] = [];
  const inside: DimExpr[] = [];
  for (const t of terms) {
    const { coef, rest } = termOf(t);
    const whole = Math.floor(coef / b);
    if (rest.length === 0) {
      outside.push(whole);
      inside.push(coef - whole * b);
    } else if (coef % b === 0) outside.push(makeTerm(whole, rest));
    else inside.push(t);
  }
  return { outside: dimAdd(...outside), inside: dimAdd(...inside) };
}

/** floor(floor(x/c) + k)/b) is floor((x + k·c)/(c·b)): a chain of halvings is one division. */
function nestedDiv(a: DimExpr, b: number): DimExpr | null {
  const terms = typeof a === 'object' && a.op === 'add' ? a.args : [a];
  const [x, k, ...more] = terms;
  if (more.length > 0 || typeof x !== 'object' || x.op !== 'floorDiv' || typeof x.args[1] !== 'number') return null;
  if (k !== undefined && typeof k !== 'number') return null;
  return dimFloorDiv(dimAdd(x.args[0]!, (k ?? 0) * x.args[1]), x.args[1] * b);
}

export function dimFloorDiv(a: DimExpr, b: DimExpr): DimExpr {
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return Math.floor(a / b);
  const exact = exactDiv(a, b);
  if (exact !== null) return exact;
  if (typeof b !== 'number' || b <= 0 || !Number.isInteger(b)) return { op: 'floorDiv', args: [a, b] };
  const { outside, inside } = splitOver(a, b);
  if (typeof inside === 'number') return outside;
  return dimAdd(outside, nestedDiv(inside, b) ?? { op: 'floorDiv', args: [inside, b] });
}

/** Over a number this is a floorDiv, so that both ways of rounding a size have one form. */
export function dimCeilDiv(a: DimExpr, b: DimExpr): DimExpr {
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return Math.ceil(a / b);
  if (typeof b === 'number' && b > 0 && Number.isInteger(b)) return dimFloorDiv(dimAdd(a, b - 1), b);
  return exactDiv(a, b) ?? { op: 'ceilDiv', args: [a, b] };
}

function extremum(op: 'min' | 'max', a: DimExpr, b: DimExpr): DimExpr {
  if (typeof a === 'number' && typeof b === 'number') return op === 'min' ? Math.min(a, b) : Math.max(a, b);
  if (sameDim(a, b)) return a;
  // max(x, min(x, y)) is x, and the other way round: a length cut to a limit, broadcast with the length.
  const absorbs = (x: DimExpr, y: DimExpr): boolean =>
    typeof y === 'object' && y.op === (op === 'min' ? 'max' : 'min') && y.args.some((part) => sameDim(part, x));
  if (absorbs(a, b)) return a;
  if (absorbs(b, a)) return b;
  return { op, args: [a, b].sort(byKey) };
}
export const dimMin = (a: DimExpr, b: DimExpr): DimExpr => extremum('min', a, b);
export const dimMax = (a: DimExpr, b: DimExpr): DimExpr => extremum('max', a, b);

/** Number of elements as an expression. */
export const elementCount = (s: Shape): DimExpr => dimMul(1, ...s);

/** Value of an expression under a binding of symbols; throws RangeError naming an unbound symbol. */
export function evalDim(d: DimExpr, bind: ReadonlyMap<string, number>): number {
  if (typeof d === 'number') return d;
  if (typeof d === 'string') {
    const v = bind.get(d);
    if (v === undefined) throw new RangeError(`dimension "${d}" has no value`);
    return v;
  }
  const a = d.args.map((x) => evalDim(x, bind));
  switch (d.op) {
    case 'add':
      return a.reduce((x, y) => x + y, 0);
    case 'mul':
      return a.reduce((x, y) => x * y, 1);
    case 'floorDiv':
      return Math.floor(a[0]! / a[1]!);
    case 'ceilDiv':
      return Math.ceil(a[0]! / a[1]!);
    case 'min':
      return Math.min(...a);
    case 'max':
      return Math.max(...a);
  }
}

/** Number of operands in an expression, counted up to `limit`: shared parts count each time. */
export function dimSize(d: DimExpr, limit: number): number {
  if (typeof d !== 'object') return 1;
  let n = 1;
  for (const a of d.args) {
    n += dimSize(a, limit - n);
    if (n >= limit) return n;
  }
  return n;
}

/** Replaces symbols by other expressions (fixing a shape, inlining a function). */
export function substituteDim(d: DimExpr, map: ReadonlyMap<string, DimExpr>): DimExpr {
  if (typeof d === 'number') return d;
  if (typeof d === 'string') return map.get(d) ?? d;
  const a = d.args.map((x) => substituteDim(x, map));
  switch (d.op) {
    case 'add':
      return dimAdd(...a);
    case 'mul':
      return dimMul(...a);
    case 'floorDiv':
      return dimFloorDiv(a[0]!, a[1]!);
    case 'ceilDiv':
      return dimCeilDiv(a[0]!, a[1]!);
    case 'min':
      return dimMin(a[0]!, a[1]!);
    case 'max':
      return dimMax(a[0]!, a[1]!);
  }
}

export function symbolsOf(d: DimExpr, into: Set<string> = new Set()): Set<string> {
  if (typeof d === 'string') into.add(d);
  else if (typeof d === 'object') for (const a of d.args) symbolsOf(a, into);
  return into;
}
