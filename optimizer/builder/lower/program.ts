import { isFloat } from '../../ir/dtype.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { countOf, toNumbers } from '../../ir/tensor.ts';
import { BuildError, type Program, type ProgramInstruction } from '../plan.ts';
import type { Lowering } from './context.ts';

type Params = (node: Node) => readonly number[];
const none: Params = () => [];
const num =
  (name: string, fallback: number) =>
  (n: Node): number => {
    const v = n.attrs[name];
    return typeof v === 'number' ? v : fallback;
  };
const p =
  (...fs: ((n: Node) => number)[]): Params =>
  (n) =>
    fs.map((f) => f(n));

/** Elementwise operators of docs/layers.md, with the attributes that become instruction parameters. */
const POINTWISE: Readonly<Record<string, Params>> = {
  ...Object.fromEntries(
    (
      'Add Sub Mul Div Pow And Or Xor Not Equal Less LessOrEqual Greater GreaterOrEqual Where PRelu Abs Neg Exp Log Sqrt ' +
      'Reciprocal Floor Ceil Round Sign Erf Relu Sigmoid Tanh Softplus Softsign Mish HardSwish Sin Cos Tan Asin Acos Atan ' +
      'Sinh Cosh Asinh Acosh Atanh IsNaN IsInf BitwiseAnd BitwiseOr BitwiseXor BitwiseNot Identity Cast Clip Min Max Sum Mean'
    )
      .split(' ')
      .map((op) => [op, none]),
  ),
  // Only narrow floats saturate or not; a power of two (float8e8m0) is also found by a rounding mode.
  Cast: (n) =>
    n.attrs.saturate === 0 || n.attrs.round_mode !== undefined
      ? [num('saturate', 1)(n), Math.max(['up', 'down', 'nearest'].indexOf(String(n.attrs.round_mode ?? 'up')), 0)]
      : [],
  LeakyRelu: p(num('alpha', 0.01)),
  Elu: p(num('alpha', 1)),
  Celu: p(num('alpha', 1)),
  ThresholdedRelu: p(num('alpha', 1)),
  Selu: p(num('alpha', 1.6732632423543772), num('gamma', 1.0507009873554805)),
  HardSigmoid: p(num('alpha', 0.2), num('beta', 0.5)),
  Gelu: (n) => [n.attrs.approximate === 'tanh' ? 1 : 0],
  Shrink: p(num('lambd', 0.5), num('bias', 0)),
  Mod: p(num('fmod', 0)),
  BitShift: (n) => [n.attrs.direction === 'LEFT' ? 1 : 0],
};

export const isPointwise = (node: Pick<Node, 'op' | 'domain'>): boolean => node.domain === '' && node.op in POINTWISE;

/**
 * Builds the program of a chain of elementwise nodes. `seed` maps graph values to program inputs that exist already
 * (an epilogue's operand 0); every other outside value becomes a further input, scalars become `Const` instructions.
 * Node ids and values are those of `low.graph`, which for fused nodes is the body.
 */
export function buildProgram(
  low: Lowering,
  nodes: readonly Node[],
  seed: readonly ValueId[],
  results: readonly ValueId[],
): { program: Program; extra: ValueId[] } {
  const inside = new Set(nodes.flatMap((n) => n.outputs));
  const extra: ValueId[] = [];
  for (const n of nodes) {
    for (const v of n.inputs) {
      if (v === null || inside.has(v) || seed.includes(v) || extra.includes(v)) continue;
      if (!scalarOf(low, v)) extra.push(v);
    }
  }
  for (const r of results) {
    if (!inside.has(r) && !seed.includes(r) && !extra.includes(r))
      throw new BuildError('a program result is not computed by it');
  }
  const inputCount = seed.length + extra.length;
  const code: ProgramInstruction[] = [];
  const operand = new Map<ValueId, number>();
  seed.forEach((v, i) => operand.set(v, i));
  extra.forEach((v, i) => operand.set(v, seed.length + i));
  const emit = (i: ProgramInstruction): number => inputCount + code.push(i) - 1;
  const arg = (v: ValueId): number => {
    const known = operand.get(v);
    if (known !== undefined) return known;
    const c = scalarOf(low, v);
    if (!c) throw new BuildError(`value "${low.graph.value(v).name}" is used before it is computed`);
    const at = emit({ op: 'Const', args: [], dtype: c.dtype, params: [c.value] });
    operand.set(v, at);
    return at;
  };
  for (const n of nodes) operand.set(n.outputs[0]!, emitNode(low, n, arg, emit));
  return { program: { inputCount, code, outputs: results.map((r) => operand.get(r)!) }, extra };
}

function emitNode(
  low: Lowering,
  n: Node,
  arg: (v: ValueId) => number,
  emit: (i: ProgramInstruction) => number,
): number {
  const params = POINTWISE[n.op];
  if (!params) throw new BuildError(`${n.op} "${n.name}" is not an elementwise operator`, n.source);
  const dtype = low.graph.value(n.outputs[0]!).type.dtype;
  const constant = (value: number): number => emit({ op: 'Const', args: [], dtype, params: [value] });
  if (n.op === 'Clip') {
    const [x, lo, hi] = n.inputs;
    const bound = (v: ValueId | null | undefined, open: number): number =>
      v === null || v === undefined ? constant(open) : arg(v);
    const [least, most] = isFloat(dtype) ? [-Number.MAX_VALUE, Number.MAX_VALUE] : [-(2 ** 53), 2 ** 53];
    const args = [
      arg(x!),
      bound(lo, dtype === 'float32' ? -3.4028234663852886e38 : least),
      bound(hi, dtype === 'float32' ? 3.4028234663852886e38 : most),
    ];
    return emit({ op: 'Clip', args, dtype, params: [] });
  }
  const args = n.inputs.filter((v) => v !== null).map(arg);
  if (n.op === 'Min' || n.op === 'Max' || n.op === 'Sum' || n.op === 'Mean') {
    const op = n.op === 'Sum' || n.op === 'Mean' ? 'Add' : n.op;
    let acc = args[0]!;
    if (args.length === 1) acc = emit({ op: 'Identity', args: [acc], dtype, params: [] });
    for (const a of args.slice(1)) acc = emit({ op, args: [acc, a], dtype, params: [] });
    if (n.op === 'Mean') acc = emit({ op: 'Div', args: [acc, constant(args.length)], dtype, params: [] });
    return acc;
  }
  return emit({ op: n.op, args, dtype, params: params(n) });
}

/** A constant with one element becomes an instruction instead of an operand. */
function scalarOf(low: Lowering, v: ValueId): { value: number; dtype: ProgramInstruction['dtype'] } | null {
  const weight = low.weightOf(v);
  if (!weight || countOf(weight.shape) !== 1 || weight.shape.length > 1) return null;
  const literal = low.literalOfWeight(weight);
  if (!literal || literal.dtype === 'string') return null;
  return { value: toNumbers(literal)[0]!, dtype: literal.dtype };
}
