import type { ValueId } from '../../../ir/graph.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';

const plain =
  (op: string): ConvertLayer =>
  (c) => [c.e.node(op, [c.bottom()])];

const relu: ConvertLayer = (c) => {
  const slope = c.settings('relu_param').negative_slope as number;
  return [slope === 0 ? c.e.node('Relu', [c.bottom()]) : c.e.node('LeakyRelu', [c.bottom()], { alpha: slope })];
};

const prelu: ConvertLayer = (c) => {
  const shared = c.settings('prelu_param').channel_shared as boolean;
  const ones = new Array<number>(Math.max(0, c.shape().length - 2)).fill(1);
  const slope = shared ? c.blob(0, [], [1]) : c.blob(0, [c.length(1)], [c.length(1), ...ones]);
  return [c.e.node('PRelu', [c.bottom(), slope])];
};

/** scale · x + shift, leaving out what changes nothing. */
function affine(c: LayerContext, scale: number, shift: number): ValueId {
  let x = c.bottom();
  if (scale !== 1) x = c.e.node('Mul', [x, c.e.scalar(scale)]);
  return shift === 0 ? x : c.e.node('Add', [x, c.e.scalar(shift)]);
}

/** (shift + scale · x) ^ power. */
const power: ConvertLayer = (c) => {
  const p = c.settings('power_param');
  const x = affine(c, p.scale as number, p.shift as number);
  const exponent = p.power as number;
  if (exponent === 1) return [x === c.bottom() ? c.e.node('Identity', [x]) : x];
  return [c.e.node('Pow', [x, c.e.scalar(exponent)])];
};

/** base ^ (shift + scale · x); base −1 stands for e. */
const exp: ConvertLayer = (c) => {
  const p = c.settings('exp_param');
  const log = (p.base as number) === -1 ? 1 : Math.log(p.base as number);
  return [c.e.node('Exp', [affine(c, log * (p.scale as number), log * (p.shift as number))])];
};

/** log_base(shift + scale · x). */
const log: ConvertLayer = (c) => {
  const p = c.settings('log_param');
  const y = c.e.node('Log', [affine(c, p.scale as number, p.shift as number)]);
  const base = p.base as number;
  return [base === -1 ? y : c.e.node('Mul', [y, c.e.scalar(1 / Math.log(base))])];
};

const clip: ConvertLayer = (c) => {
  const p = c.settings('clip_param');
  return [c.e.node('Clip', [c.bottom(), c.e.scalar(p.min as number), c.e.scalar(p.max as number)])];
};

const swish: ConvertLayer = (c) => {
  const beta = c.settings('swish_param').beta as number;
  const inner = beta === 1 ? c.bottom() : c.e.node('Mul', [c.bottom(), c.e.scalar(beta)]);
  return [c.e.node('Mul', [c.bottom(), c.e.node('Sigmoid', [inner])])];
};

/** 1 where x is above the threshold, else 0. */
const threshold: ConvertLayer = (c) => {
  const limit = c.e.scalar(c.settings('threshold_param').threshold as number);
  return [c.e.node('Cast', [c.e.node('Greater', [c.bottom(), limit])], { to: 1 })];
};

export const ACTIVATION: LayerTable = {
  AbsVal: plain('Abs'),
  BNLL: plain('Softplus'),
  Clip: clip,
  ELU: (c) => [c.e.node('Elu', [c.bottom()], { alpha: c.settings('elu_param').alpha as number })],
  Exp: exp,
  Log: log,
  Power: power,
  PReLU: prelu,
  ReLU: relu,
  ReLU6: (c) => [c.e.node('Clip', [c.bottom(), c.e.scalar(0), c.e.scalar(6)])],
  Sigmoid: plain('Sigmoid'),
  Softmax: (c) => [c.e.node('Softmax', [c.bottom()], { axis: c.axis(c.settings('softmax_param').axis as number) })],
  Swish: swish,
  TanH: plain('Tanh'),
  Threshold: threshold,
};
