import { ModelBuilder } from './builder.mjs';
import { convRelu, dropout, lrn, pool, reshape, softmaxOutput } from './layers.mjs';

/** Channels of each inception module: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection. */
const MODULES = {
  '3a': [64, 96, 128, 16, 32, 32],
  '3b': [128, 128, 192, 32, 96, 64],
  '4a': [192, 96, 208, 16, 48, 64],
  '4b': [160, 112, 224, 24, 64, 64],
  '4c': [128, 128, 256, 24, 64, 64],
  '4d': [112, 144, 288, 32, 64, 64],
  '4e': [256, 160, 320, 32, 128, 128],
  '5a': [256, 160, 320, 32, 128, 128],
  '5b': [384, 192, 384, 48, 128, 128],
};

/** One inception module; shared with the small sample. */
export function inception(m, x, name, cin, [c1, r3, c3, r5, c5, cp]) {
  const a = convRelu(m, x, `${name}/1x1`, [cin, c1], 1);
  const b = convRelu(m, convRelu(m, x, `${name}/3x3_reduce`, [cin, r3], 1), `${name}/3x3`, [r3, c3], 3, { pad: 1 });
  const c = convRelu(m, convRelu(m, x, `${name}/5x5_reduce`, [cin, r5], 1), `${name}/5x5`, [r5, c5], 5, { pad: 2 });
  const p = pool(m, x, `${name}/pool`, 'MaxPool', 3, { pad: 1 });
  const d = convRelu(m, p, `${name}/pool_proj`, [cin, cp], 1);
  return { x: m.node('Concat', [a, b, c, d], { axis: 1 }, { name: `${name}/output` }), channels: c1 + c3 + c5 + cp };
}

/** GoogLeNet (Inception v1), the reference Caffe variant. */
export function inceptionV1() {
  const m = new ModelBuilder('inception_v1');
  let x = convRelu(m, m.input('data', [1, 3, 224, 224]), 'conv1/7x7_s2', [3, 64], 7, { stride: 2, pad: 3 });
  x = lrn(m, pool(m, x, 'pool1/3x3_s2', 'MaxPool', 3, { stride: 2 }), 'pool1/norm1');
  x = convRelu(m, x, 'conv2/3x3_reduce', [64, 64], 1);
  x = lrn(m, convRelu(m, x, 'conv2/3x3', [64, 192], 3, { pad: 1 }), 'conv2/norm2');
  x = pool(m, x, 'pool2/3x3_s2', 'MaxPool', 3, { stride: 2 });
  let cin = 192;
  for (const [name, channels] of Object.entries(MODULES)) {
    if (name === '4a' || name === '5a')
      x = pool(m, x, `pool${Number(name[0]) - 1}/3x3_s2`, 'MaxPool', 3, { stride: 2 });
    ({ x, channels: cin } = inception(m, x, `inception_${name}`, cin, channels));
  }
  x = pool(m, x, 'pool5/7x7_s1', 'AveragePool', 7, { pad: [0, 0, 1, 1] });
  x = reshape(m, dropout(m, x, 'pool5/drop_7x7_s1', 0.4), 'loss3/flatten', [1, 1024]);
  // The classifier's weights are stored in four dimensions, as Caffe kept them.
  const w = reshape(
    m,
    m.weight('loss3/classifier_w', [1, 1, 1000, 1024], 1024, 1),
    'loss3/classifier_w2',
    [1000, 1024],
  );
  const b = m.uniform('loss3/classifier_b', [1000], -0.1, 0.1);
  return softmaxOutput(m, m.node('Gemm', [x, w, b], { transB: 1 }, { name: 'loss3/classifier' }), [1, 1000]);
}
