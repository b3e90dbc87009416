// Layers that several networks share. `m` is the ModelBuilder, `x` the input's name.

const pair = (v) => (Array.isArray(v) ? v : [v, v]);

/** Convolution with random weights; options: stride, pad (number or [top, left, bottom, right]), group, bias, gain. */
export function conv(m, x, name, [cin, cout], kernel, options = {}) {
  const { stride = 1, pad = 0, group = 1, bias = true, gain = 2 } = options;
  const k = pair(kernel);
  const fanIn = (cin / group) * k[0] * k[1];
  const inputs = [x, m.weight(`${name}_w`, [cout, cin / group, ...k], fanIn, gain)];
  if (bias) inputs.push(m.uniform(`${name}_b`, [cout], -0.1, 0.1));
  const attrs = { kernel_shape: k, strides: pair(stride), pads: Array.isArray(pad) ? pad : [pad, pad, pad, pad] };
  if (group > 1) attrs.group = group;
  return m.node('Conv', inputs, attrs, { name });
}

export const relu = (m, x, name) => m.node('Relu', [x], {}, { name });
export const convRelu = (m, x, name, channels, kernel, options) =>
  relu(m, conv(m, x, name, channels, kernel, options), `${name}/relu`);

/** BatchNormalization whose statistics are near those of its input; `gain` scales the result. */
export function batchNorm(m, x, name, channels, gain = 1) {
  return m.node(
    'BatchNormalization',
    [
      x,
      m.uniform(`${name}_scale`, [channels], 0.8 * gain, 1.2 * gain),
      m.uniform(`${name}_bias`, [channels], -0.1, 0.1),
      m.uniform(`${name}_mean`, [channels], -0.1, 0.1),
      m.uniform(`${name}_var`, [channels], 0.8, 1.2),
    ],
    { epsilon: { float: 1e-5 } },
    { name },
  );
}

/** The Caffe pair: BatchNormalization, then a learned scale and shift as Unsqueeze, Mul and Add. */
export function batchNormScale(m, x, name, channels) {
  const normal = batchNorm(m, x, `${name}/bn`, channels);
  const w = m.node(
    'Unsqueeze',
    [m.uniform(`${name}/scale_w`, [channels], 0.8, 1.2)],
    { axes: [1, 2] },
    { name: `${name}/scale_w4` },
  );
  const scaled = m.node('Mul', [normal, w], {}, { name: `${name}/scale` });
  const b = m.node(
    'Unsqueeze',
    [m.uniform(`${name}/shift_b`, [channels], -0.1, 0.1)],
    { axes: [1, 2] },
    { name: `${name}/shift_b4` },
  );
  return m.node('Add', [scaled, b], {}, { name: `${name}/shift` });
}

export function pool(m, x, name, kind, kernel, { stride = 1, pad = 0 } = {}) {
  const attrs = { kernel_shape: pair(kernel), strides: pair(stride) };
  attrs.pads = Array.isArray(pad) ? pad : [pad, pad, pad, pad];
  return m.node(kind, [x], attrs, { name });
}

export const lrn = (m, x, name, { alpha = 1e-4, bias = 1 } = {}) =>
  m.node('LRN', [x], { size: 5, alpha: { float: alpha }, beta: { float: 0.75 }, bias: { float: bias } }, { name });

export const reshape = (m, x, name, dims) => m.node('Reshape', [x, m.shape(`${name}_shape`, dims)], {}, { name });

/** Fully connected, weights stored [out, in] as Caffe and PyTorch do. */
export function gemm(m, x, name, [cin, cout], gain = 1) {
  const w = m.weight(`${name}_w`, [cout, cin], cin, gain);
  return m.node('Gemm', [x, w, m.uniform(`${name}_b`, [cout], -0.1, 0.1)], { transB: 1 }, { name });
}

export const dropout = (m, x, name, ratio) => m.node('Dropout', [x], { ratio: { float: ratio } }, { name, outputs: 2 });

export function softmaxOutput(m, x, dims, name = 'prob') {
  m.node('Softmax', [x], {}, { name, outputs: [name] });
  m.output(name, dims);
  return m;
}
