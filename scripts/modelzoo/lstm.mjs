import { ModelBuilder } from './builder.mjs';

/** Two LSTM layers, the first in both directions, over 64 steps of 256 features; the last step is classified. */
export function lstm() {
  const [steps, features, hidden] = [64, 256, 512];
  const m = new ModelBuilder('lstm', { opset: 14 });
  let x = m.input('input', [1, steps, features]);
  x = m.node('Transpose', [x], { perm: [1, 0, 2] }, { name: 'steps_first' });
  const layer = (name, input, size, direction) => {
    const d = direction === 'bidirectional' ? 2 : 1;
    const w = m.weight(`${name}.w`, [d, 4 * hidden, size], size, 1);
    const r = m.weight(`${name}.r`, [d, 4 * hidden, hidden], hidden, 1);
    const b = m.uniform(`${name}.b`, [d, 8 * hidden], -0.1, 0.1);
    return m.node('LSTM', [input, w, r, b], { hidden_size: hidden, direction }, { name });
  };
  x = layer('layer_0', x, features, 'bidirectional');
  x = m.node('Transpose', [x], { perm: [0, 2, 1, 3] }, { name: 'join/Transpose' });
  x = m.node('Reshape', [x, m.ints('join/shape', [steps, 1, 2 * hidden])], {}, { name: 'join/Reshape' });
  x = layer('layer_1', x, 2 * hidden, 'forward');
  x = m.node('Squeeze', [x, m.ints('direction', [1])], {}, { name: 'Squeeze' });
  x = m.node('Gather', [x, m.ints('last', [-1], [])], { axis: 0 }, { name: 'last_step' });
  const w = m.weight('classifier.w', [32, hidden], hidden, 1);
  m.node(
    'Gemm',
    [x, w, m.uniform('classifier.b', [32], -0.1, 0.1)],
    { transB: 1 },
    { name: 'classifier', outputs: ['logits'] },
  );
  m.output('logits', [1, 32]);
  return m;
}
