// Parts of transformers as PyTorch exports them.

/** x·Wᵀ + b as MatMul and Add; weights stored [in, out]. */
export function linear(m, x, name, [cin, cout], gain = 1) {
  const y = m.node('MatMul', [x, m.weight(`${name}.weight`, [cin, cout], cin, gain)], {}, { name: `${name}/MatMul` });
  return m.node('Add', [m.uniform(`${name}.bias`, [cout], -0.1, 0.1), y], {}, { name: `${name}/Add` });
}

const affine = (m, name, width) => [
  m.uniform(`${name}.weight`, [width], 0.9, 1.1),
  m.uniform(`${name}.bias`, [width], -0.05, 0.05),
];

/** LayerNorm as exporters wrote it before opset 17: mean, difference, square, mean, root, quotient, scale, shift. */
export function layerNormParts(m, x, name, width, epsilon = 1e-12) {
  const [w, b] = affine(m, name, width);
  const mean = m.node('ReduceMean', [x], { axes: [-1] }, { name: `${name}/ReduceMean` });
  const d = m.node('Sub', [x, mean], {}, { name: `${name}/Sub` });
  const square = m.node('Pow', [d, m.scalar(`${name}/two`, 2)], {}, { name: `${name}/Pow` });
  const variance = m.node('ReduceMean', [square], { axes: [-1] }, { name: `${name}/ReduceMean_1` });
  const safe = m.node('Add', [variance, m.scalar(`${name}/epsilon`, epsilon)], {}, { name: `${name}/Add` });
  const root = m.node('Sqrt', [safe], {}, { name: `${name}/Sqrt` });
  const normal = m.node('Div', [d, root], {}, { name: `${name}/Div` });
  const scaled = m.node('Mul', [normal, w], {}, { name: `${name}/Mul` });
  return m.node('Add', [scaled, b], {}, { name: `${name}/Add_1` });
}

/** LayerNorm as one operator (opset 17). */
export function layerNorm(m, x, name, width, epsilon = 1e-6) {
  return m.node(
    'LayerNormalization',
    [x, ...affine(m, name, width)],
    { axis: -1, epsilon: { float: epsilon } },
    { name: `${name}/LayerNormalization` },
  );
}

/** GELU with the error function: x · (erf(x / √2) + 1) · ½. */
export function geluParts(m, x, name) {
  const scaled = m.node('Div', [x, m.scalar(`${name}/root2`, Math.SQRT2)], {}, { name: `${name}/Div` });
  const erf = m.node('Erf', [scaled], {}, { name: `${name}/Erf` });
  const plus = m.node('Add', [erf, m.scalar(`${name}/one`, 1)], {}, { name: `${name}/Add` });
  const product = m.node('Mul', [x, plus], {}, { name: `${name}/Mul` });
  return m.node('Mul', [product, m.scalar(`${name}/half`, 0.5)], {}, { name: `${name}/Mul_1` });
}

/** Multi-head self-attention: three projections, heads split by Reshape and Transpose, scores, Softmax, mixed values. */
export function attention(m, x, name, { batch, tokens, heads, width, mask }) {
  const size = width / heads;
  const split = (y, part, perm) => {
    const shape = m.ints(`${name}/${part}/shape`, [batch, tokens, heads, size]);
    const r = m.node('Reshape', [y, shape], {}, { name: `${name}/${part}/Reshape` });
    return m.node('Transpose', [r], { perm }, { name: `${name}/${part}/Transpose` });
  };
  const q = split(linear(m, x, `${name}/query`, [width, width]), 'query', [0, 2, 1, 3]);
  // Keys are transposed for the product at once.
  const k = split(linear(m, x, `${name}/key`, [width, width]), 'key', [0, 2, 3, 1]);
  const v = split(linear(m, x, `${name}/value`, [width, width]), 'value', [0, 2, 1, 3]);
  let scores = m.node('MatMul', [q, k], {}, { name: `${name}/MatMul` });
  scores = m.node('Div', [scores, m.scalar(`${name}/scale`, Math.sqrt(size))], {}, { name: `${name}/Div` });
  if (mask) scores = m.node('Add', [scores, mask], {}, { name: `${name}/Add` });
  const weights = m.node('Softmax', [scores], { axis: -1 }, { name: `${name}/Softmax` });
  const mixed = m.node('MatMul', [weights, v], {}, { name: `${name}/MatMul_1` });
  const back = m.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }, { name: `${name}/Transpose` });
  return m.node(
    'Reshape',
    [back, m.ints(`${name}/out/shape`, [batch, tokens, width])],
    {},
    { name: `${name}/Reshape` },
  );
}
