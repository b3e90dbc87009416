/**
 * The kinds of fused nodes (domain `sinter`). A fused node's `body` is its sole meaning; the kind only says which shape
 * the body has, so that lowering knows what to look for. Node inputs and outputs correspond to the body's one to one.
 *
 * - `Conv`, `ConvTranspose`: [Pad →] Conv → elementwise operators (bias, residual sum, activation, …) [→ Split on axis 1].
 *   The Split is what horizontal fusion leaves: each part is an output of the node, written where its consumer wants it.
 * - `MatMul`: Gemm or MatMul → elementwise operators [→ Split on the last axis].
 * - `Pointwise`: elementwise operators only, one or more outputs, numpy broadcasting.
 * - `Gather`: Gather on axis 0 → elementwise operators on its rows.
 * - `LayerNorm`: LayerNormalization [→ elementwise operators].
 * - `Softmax`: elementwise operators → Softmax | LogSoftmax (scale and mask before it).
 * - `Attention`: [Transpose…] MatMul(Q, Kᵀ) → elementwise (scale, mask) → Softmax → MatMul(·, V) [→ Transpose].
 * - `Shuffle`: any chain of Reshape, Transpose, Squeeze, Unsqueeze, Flatten.
 * - `Reduce`: elementwise operators around one reduction.
 * - `QuantizedConv`, `QuantizedMatMul`, `QuantizedPointwise`, `QuantizedPool`, `QuantizedResize`: DequantizeLinear on operands → what `Conv`,
 *   `MatMul`, `Pointwise` hold, or one average pooling or Resize → QuantizeLinear on the result (products and pools may leave it out).
 * - `Requantize`: DequantizeLinear → QuantizeLinear.
 *
 * What the passes make of these: convolutions, products, normalizations and reductions come with elementwise operators
 * behind them only; in an attention every factor of Q, K and the scores is one Mul. Weights and per-channel constants are
 * inputs of the node, in order of first use by the body; single numbers (a clip limit), shapes and axes are constants
 * inside the body.
 */
export const FUSED_DOMAIN = 'sinter';
export const FUSED_KINDS = [
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Pointwise',
  'Gather',
  'LayerNorm',
  'Softmax',
  'Attention',
  'Shuffle',
  'Reduce',
  'QuantizedConv',
  'QuantizedMatMul',
  'QuantizedPointwise',
  'QuantizedPool',
  'QuantizedResize',
  'Requantize',
] as const;
export type FusedKind = (typeof FUSED_KINDS)[number];
