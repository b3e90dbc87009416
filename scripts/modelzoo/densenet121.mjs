import { ModelBuilder } from './builder.mjs';
import { batchNormScale, conv, pool, relu } from './layers.mjs';

/** DenseNet-121, the reference Caffe variant: BatchNormalization with separate scale and shift, logits as output. */
export function densenet121() {
  const m = new ModelBuilder('densenet121');
  const plain = { bias: false };
  const active = (x, name, channels) => relu(m, batchNormScale(m, x, name, channels), `${name}/relu`);
  let x = conv(m, m.input('data', [1, 3, 224, 224]), 'conv1', [3, 64], 7, { stride: 2, pad: 3, bias: false });
  x = pool(m, active(x, 'conv1', 64), 'pool1', 'MaxPool', 3, { stride: 2, pad: 1 });
  let channels = 64;
  [6, 12, 24, 16].forEach((layers, block) => {
    for (let i = 1; i <= layers; i++) {
      const name = `conv${block + 2}_${i}`;
      const y = conv(m, active(x, `${name}/x1`, channels), `${name}/x1/conv`, [channels, 128], 1, plain);
      const z = conv(m, active(y, `${name}/x2`, 128), `${name}/x2/conv`, [128, 32], 3, { pad: 1, bias: false });
      x = m.node('Concat', [x, z], { axis: 1 }, { name: `concat_${block + 2}_${i}` });
      channels += 32;
    }
    x = active(x, `conv${block + 2}_blk`, channels);
    if (block < 3) {
      x = conv(m, x, `conv${block + 2}_blk/conv`, [channels, channels / 2], 1, plain);
      x = pool(m, x, `pool${block + 2}`, 'AveragePool', 2, { stride: 2 });
      channels /= 2;
    }
  });
  x = m.node('GlobalAveragePool', [x], {}, { name: 'pool5' });
  const w = m.weight('fc6_w', [1000, 1024, 1, 1], 1024, 1);
  const attrs = { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
  m.node('Conv', [x, w, m.uniform('fc6_b', [1000], -0.1, 0.1)], attrs, { name: 'fc6', outputs: ['fc6'] });
  m.output('fc6', [1, 1000, 1, 1]);
  return m;
}
