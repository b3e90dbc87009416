type Args = Readonly<Record<string, string | number>>;

/** Every reason a rule may give, as a sentence for people; `{name}` is replaced by the argument. */
const TEXTS: Readonly<Record<string, string>> = {
  'switched-off': 'switched off by you',
  'model-output': 'the result is the model output "{output}" and must keep its own value',
  'output-read': 'output used by {n} consumers',
  'output-is-model-output': 'output is the model output "{output}"',
  'later-convolution': 'the sum is fused into the later layer "{other}"',
  'would-cycle': '"{operand}" is itself computed from this layer: fusing the two would make a cycle',
  'grows-shape': '"{next}" has a larger shape ({shape}): its operand is read many times',
  'changes-type': '"{next}" turns {from} into {to}',
  'not-elementwise': 'the next operator, {op}, is not elementwise',
  'weights-not-constant': 'the weights are computed, not constant',
  'window-not-explicit': 'the padding is only known when the input size is',
  'not-per-channel': 'the constant of shape {shape} is not one number per channel',
  'group-scale': 'a scale per input channel does not fit {group} groups',
  'shift-with-padding': 'a shift before a padded convolution would also shift the padding',
  'too-large': 'the folded constant would hold {elements} elements, more than {limit}',
  grows: 'folding would grow {from} bytes of constants to {to}',
  'not-computable': '{op} cannot be computed while optimizing',
  'dynamic-shape': 'the shape {shape} is only known while running',
  'training-mode': 'the operator is in training mode',
  'intermediate-read': 'the intermediate "{value}" is used elsewhere',
  'attention-rank': 'the operands have {rank} axes; attention layers take batch, heads, sequence and depth',
  'attention-form': 'between the products stands {op}, which is neither a scale nor a mask',
  'axis-not-last': 'the axis is {axis}, not the last one',
  'operand-order': 'operand "{operand}" is not transposed the same way',
  'other-padding': 'padding mode "{mode}" is not what the {op} pads with',
  'padding-value': 'the padding value {value} is not what the {op} pads with',
  'padding-axes': 'padding reaches beyond the spatial axes',
  'auto-padding': 'automatic padding ({mode}) is not resolved',
  'different-sibling': '"{other}" reads the same input but {what} differs',
  'not-mergeable': '"{other}" reads the same input, but this layer cannot be merged: {why}',
  'sibling-not-mergeable': '"{other}" reads the same input but cannot be merged: {why}',
  'not-produced': 'input {index} is {what}, which no layer of the plan writes',
  'repeated-input': 'input {index} occurs more than once',
  'already-view': 'input {index} already lies inside the buffer of "{other}"',
  'part-is-output': 'part {index} is the model output "{output}", bound by the caller',
  'whole-is-output': 'the result is the model output "{output}", bound by the caller',
  'dynamic-slice': 'where the part starts is only known while running',
  'operand-not-quantized': 'operand "{operand}" is not quantized',
  'other-quantization': 'operand "{operand}" has another scale or zero point than "{other}"',
  'not-bytes': 'the integers are {dtype}; layers compute on int8 and uint8',
  'scale-axis': 'the scales run along axis {axis}, not along the output channels (axis {wanted})',
  'transposed-operand': 'the first operand is transposed',
  'scale-not-constant': 'scale or zero point is computed while running',
  'partial-block': 'the axis is {length} long, not a multiple of the block of {block}',
  'block-scale': 'the scales belong to blocks',
  'zero-points-differ': 'the zero point differs by channel',
  'scale-type': 'the scale is not float32',
  'not-from-product':
    'what is normalized comes from {what}, which is no product with weights and writes no statistics of its rows',
  'reader-not-product': '{op} reads the result and is no product with weights that could normalize it',
  'step-slice': 'the slice takes every {step}th element',
};

/** Codes that `refusalText` knows. */
export const REFUSAL_CODES: readonly string[] = Object.keys(TEXTS);

/** The sentence (without a full stop) for a refusal; an unknown code is shown as it is. */
export function refusalText(code: string, args: Args): string {
  const text = TEXTS[code];
  if (text === undefined) return code;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? String(args[name]) : whole));
}
