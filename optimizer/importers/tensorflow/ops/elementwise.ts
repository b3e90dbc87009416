import { isFloat } from '../../../ir/dtype.ts';
import type { ValueId } from '../../../ir/graph.ts';
import { Unconvertible } from '../../common/emitter.ts';
import { type ConvertNode, cast, type NodeContext, type OpTable } from '../node.ts';

const unary =
  (op: string): ConvertNode =>
  (c) => [c.e.node(op, [c.in(0)])];
const binary =
  (op: string): ConvertNode =>
  (c) => [c.e.node(op, [c.in(0), c.in(1)])];

/** A number of the first input's type. */
const like = (c: NodeContext, x: number, i = 0): ValueId => c.e.scalar(x, c.dtype(i));

const addN: ConvertNode = (c) => {
  const all = c.all;
  return [all.length === 1 ? c.e.node('Identity', all) : all.reduce((a, b) => c.e.node('Add', [a, b]))];
};

/** Towards minus infinity, whatever the types. */
const floorDiv: ConvertNode = (c) => {
  if (isFloat(c.dtype())) return [c.e.node('Floor', [c.e.node('Div', c.all)])];
  // Integers: (x − mod(x, y)) / y, where mod has the sign of y.
  const rest = c.e.node('Sub', [c.in(0), c.e.node('Mod', c.all)]);
  return [c.e.node('Div', [rest, c.in(1)])];
};
const floorMod: ConvertNode = (c) => {
  if (!isFloat(c.dtype())) return [c.e.node('Mod', c.all)];
  const whole = c.e.node('Floor', [c.e.node('Div', c.all)]);
  return [c.e.node('Sub', [c.in(0), c.e.node('Mul', [whole, c.in(1)])])];
};

/** x / y, and 0 where y is 0. */
const divNoNan: ConvertNode = (c) => {
  const zero = like(c, 0);
  return [c.e.node('Where', [c.e.node('Equal', [c.in(1), zero]), zero, c.e.node('Div', c.all)])];
};

const biasAdd: ConvertNode = (c) => {
  const rank = c.rank();
  if (c.text('data_format', 'NHWC') !== 'NCHW' || rank < 3) return [c.e.node('Add', c.all)];
  const n = c.shape(1)[0];
  if (typeof n !== 'number') throw new Unconvertible('has a bias of unknown length');
  return [c.e.node('Add', [c.in(0), c.e.reshape(c.in(1), [n, ...new Array<number>(rank - 2).fill(1)])])];
};

/** The old form: a condition of one dimension chooses whole rows. */
const select: ConvertNode = (c) => {
  const [cond, x] = [c.shape(0), c.shape(1)];
  if (cond.length !== 1 || x.length <= 1) return [c.e.node('Where', c.all)];
  const rows = c.e.node('Unsqueeze', [c.in(0), c.e.ints(...x.slice(1).map((_, i) => i + 1))]);
  return [c.e.node('Where', [rows, c.in(1), c.in(2)])];
};

const notEqual: ConvertNode = (c) => [c.e.node('Not', [c.e.node('Equal', c.all)])];

const castNode: ConvertNode = (c) => {
  const to = c.type('DstT');
  if (!to) throw new Unconvertible('casts to a type that is not supported');
  return [c.dtype() === to ? c.e.node('Identity', [c.in(0)]) : cast(c.e, c.in(0), to)];
};

const identity: ConvertNode = (c) => c.results.map((r) => (typeof r === 'number' ? c.e.node('Identity', [r]) : r));

/** What a fused operator of TensorFlow applies to its result, by name. */
export function activate(c: NodeContext, name: string, x: ValueId, alpha: ValueId | null): ValueId {
  switch (name) {
    case 'Relu':
    case 'Elu':
    case 'Sigmoid':
    case 'Tanh':
      return c.e.node(name, [x]);
    case 'Relu6':
      return c.e.node('Clip', [x, c.e.scalar(0), c.e.scalar(6)]);
    case 'LeakyRelu':
      return c.e.node('LeakyRelu', [x], { alpha: c.float('leakyrelu_alpha', 0.2) });
    case 'Prelu':
      if (alpha !== null) return c.e.node('PRelu', [x, alpha]);
      break;
    case 'GeluExact':
      return c.e.node('Gelu', [x], { approximate: 'none' });
    case 'GeluApproximate':
      return c.e.node('Gelu', [x], { approximate: 'tanh' });
  }
  throw new Unconvertible(`fuses ${name}, which is not known here`);
}

export const ELEMENTWISE: OpTable = {
  Abs: unary('Abs'),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Add: binary('Add'),
  AddN: addN,
  AddV2: binary('Add'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  BiasAdd: biasAdd,
  Cast: castNode,
  Ceil: unary('Ceil'),
  CheckNumerics: identity,
  ClipByValue: (c) => [c.e.node('Min', [c.e.node('Max', [c.in(0), c.in(1)]), c.in(2)])],
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Div: binary('Div'),
  DivNoNan: divNoNan,
  Elu: unary('Elu'),
  Equal: binary('Equal'),
  Erf: unary('Erf'),
  Erfc: (c) => [c.e.node('Sub', [like(c, 1), c.e.node('Erf', [c.in(0)])])],
  Exp: unary('Exp'),
  Expm1: (c) => [c.e.node('Sub', [c.e.node('Exp', [c.in(0)]), like(c, 1)])],
  Floor: unary('Floor'),
  FloorDiv: floorDiv,
  FloorMod: floorMod,
  Greater: binary('Greater'),
  GreaterEqual: binary('GreaterOrEqual'),
  Identity: identity,
  IdentityN: identity,
  Inv: unary('Reciprocal'),
  IsInf: unary('IsInf'),
  IsNan: unary('IsNaN'),
  LeakyRelu: (c) => [c.e.node('LeakyRelu', [c.in(0)], { alpha: c.float('alpha', 0.2) })],
  Less: binary('Less'),
  LessEqual: binary('LessOrEqual'),
  Log: unary('Log'),
  Log1p: (c) => [c.e.node('Log', [c.e.node('Add', [c.in(0), like(c, 1)])])],
  LogicalAnd: binary('And'),
  LogicalNot: unary('Not'),
  LogicalOr: binary('Or'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Mod: floorMod,
  Mul: binary('Mul'),
  MulNoNan: binary('Mul'),
  Neg: unary('Neg'),
  NotEqual: notEqual,
  Pow: binary('Pow'),
  PreventGradient: identity,
  RealDiv: binary('Div'),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Relu6: (c) => [c.e.node('Clip', [c.in(0), like(c, 0), like(c, 6)])],
  Rint: unary('Round'),
  Round: unary('Round'),
  Rsqrt: (c) => [c.e.node('Reciprocal', [c.e.node('Sqrt', [c.in(0)])])],
  Select: select,
  SelectV2: (c) => [c.e.node('Where', c.all)],
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Sign: unary('Sign'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Snapshot: identity,
  Softplus: unary('Softplus'),
  Softsign: unary('Softsign'),
  Sqrt: unary('Sqrt'),
  Square: (c) => [c.e.node('Mul', [c.in(0), c.in(0)])],
  SquaredDifference: (c) => {
    const d = c.e.node('Sub', c.all);
    return [c.e.node('Mul', [d, d])];
  },
  StopGradient: identity,
  Sub: binary('Sub'),
  Tan: unary('Tan'),
  Tanh: unary('Tanh'),
  TruncateDiv: binary('Div'),
  Xdivy: divNoNan,
};
