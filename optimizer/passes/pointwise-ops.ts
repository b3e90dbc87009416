import type { Node } from '../ir/graph.ts';

/**
 * Operators that a fused chain may hold: each output element comes from the matching input elements, and the runtime's
 * pointwise programs (docs/layers.md) compute them.
 */
const FLOAT_OPS = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Mod', 'PRelu'],
  ...['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf', 'Relu', 'Sigmoid'],
  ...['Tanh', 'Softplus', 'Softsign', 'Mish', 'HardSwish', 'Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh'],
  ...['Asinh', 'Acosh', 'Atanh', 'LeakyRelu', 'Elu', 'Celu', 'ThresholdedRelu', 'Selu', 'HardSigmoid', 'Gelu'],
  ...['Shrink', 'Clip'],
];
const OTHER_OPS = [
  ...[
    'And',
    'Or',
    'Xor',
    'Not',
    'Equal',
    'Less',
    'LessOrEqual',
    'Greater',
    'GreaterOrEqual',
    'Where',
    'IsNaN',
    'IsInf',
  ],
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'BitwiseNot', 'BitShift', 'Cast'],
];
const FLOAT = new Set(FLOAT_OPS);
const ALL = new Set([...FLOAT_OPS, ...OTHER_OPS]);

export const POINTWISE_OPS: readonly string[] = [...ALL];

export const isPointwise = (n: Node): boolean => n.domain === '' && ALL.has(n.op) && n.outputs.length === 1;

/** Elementwise on numbers, result of the operands' type: what may follow a convolution inside its layer. */
export const isArithmetic = (n: Node): boolean => n.domain === '' && FLOAT.has(n.op) && n.outputs.length === 1;
