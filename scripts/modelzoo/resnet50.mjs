import { ModelBuilder } from './builder.mjs';
import { batchNorm, conv, gemm, pool, relu, reshape, softmaxOutput } from './layers.mjs';

/** ResNet-50 v1 with its BatchNormalization nodes; the stride lies in the 3×3 convolution. */
export function resnet50() {
  const m = new ModelBuilder('resnet50');
  const unit = (x, name, channels, kernel, options, gain = 1) =>
    batchNorm(m, conv(m, x, name, channels, kernel, { ...options, bias: false }), `${name}_bn`, channels[1], gain);
  let x = conv(m, m.input('data', [1, 3, 224, 224]), 'conv1', [3, 64], 7, { stride: 2, pad: 3, bias: false });
  x = relu(m, batchNorm(m, x, 'conv1_bn', 64), 'conv1/relu');
  x = pool(m, x, 'pool1', 'MaxPool', 3, { stride: 2, pad: 1 });
  let cin = 64;
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const mid = 64 << stage;
    for (let i = 0; i < blocks; i++) {
      const name = `res${stage + 2}_${i}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      let y = relu(m, unit(x, `${name}/branch2a`, [cin, mid], 1, {}), `${name}/branch2a_relu`);
      y = relu(m, unit(y, `${name}/branch2b`, [mid, mid], 3, { pad: 1, stride }), `${name}/branch2b_relu`);
      // A small last gain keeps the sum of many blocks from growing.
      y = unit(y, `${name}/branch2c`, [mid, 4 * mid], 1, {}, 0.3);
      const shortcut = i === 0 ? unit(x, `${name}/branch1`, [cin, 4 * mid], 1, { stride }) : x;
      x = relu(m, m.node('Sum', [y, shortcut], {}, { name: `${name}/sum` }), `${name}/relu`);
      cin = 4 * mid;
    }
  });
  x = reshape(m, pool(m, x, 'pool5', 'AveragePool', 7), 'flatten', [1, 2048]);
  return softmaxOutput(m, gemm(m, x, 'pred', [2048, 1000]), [1, 1000]);
}
