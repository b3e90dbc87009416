import { ModelBuilder } from '../builder.mjs';
import { batchNorm, conv, gemm, pool, relu, softmaxOutput } from '../layers.mjs';

/** ResNet in small: BatchNormalization nodes, three stages of two bottleneck blocks, shortcuts of both kinds. */
export function tinyResnet() {
  const m = new ModelBuilder('tiny_resnet');
  const unit = (x, name, channels, kernel, options, gain = 1) =>
    batchNorm(m, conv(m, x, name, channels, kernel, { ...options, bias: false }), `${name}_bn`, channels[1], gain);
  let x = relu(m, unit(m.input('data', [1, 3, 64, 64]), 'conv1', [3, 16], 7, { stride: 2, pad: 3 }), 'conv1/relu');
  x = pool(m, x, 'pool1', 'MaxPool', 3, { stride: 2, pad: 1 });
  let cin = 16;
  for (const stage of [0, 1, 2]) {
    const mid = 16 << stage;
    for (const i of [0, 1]) {
      const name = `res${stage + 2}_${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      let y = relu(m, unit(x, `${name}/branch2a`, [cin, mid], 1, {}), `${name}/branch2a_relu`);
      y = relu(m, unit(y, `${name}/branch2b`, [mid, mid], 3, { pad: 1, stride }), `${name}/branch2b_relu`);
      y = unit(y, `${name}/branch2c`, [mid, 4 * mid], 1, {}, 0.5);
      const shortcut = i === 0 ? unit(x, `${name}/branch1`, [cin, 4 * mid], 1, { stride }) : x;
      x = relu(m, m.node('Add', [y, shortcut], {}, { name: `${name}/add` }), `${name}/relu`);
      cin = 4 * mid;
    }
  }
  x = m.node('GlobalAveragePool', [x], {}, { name: 'pool5' });
  x = m.node('Flatten', [x], { axis: 1 }, { name: 'flatten' });
  return softmaxOutput(m, gemm(m, x, 'pred', [cin, 10]), [1, 10]);
}
