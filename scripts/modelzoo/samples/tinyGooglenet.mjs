import { ModelBuilder } from '../builder.mjs';
import { inception } from '../inceptionV1.mjs';
import { convRelu, dropout, gemm, lrn, pool, reshape, softmaxOutput } from '../layers.mjs';

/** GoogLeNet in small: stem with LRN, three inception modules, classifier; 64×64 images, 10 classes. */
export function tinyGooglenet() {
  const m = new ModelBuilder('tiny_googlenet');
  let x = convRelu(m, m.input('data', [1, 3, 64, 64]), 'conv1/7x7_s2', [3, 16], 7, { stride: 2, pad: 3 });
  x = lrn(m, pool(m, x, 'pool1/3x3_s2', 'MaxPool', 3, { stride: 2 }), 'pool1/norm1');
  x = convRelu(m, x, 'conv2/3x3_reduce', [16, 16], 1);
  x = convRelu(m, x, 'conv2/3x3', [16, 32], 3, { pad: 1 });
  let cin = 32;
  ({ x, channels: cin } = inception(m, x, 'inception_3a', cin, [16, 16, 24, 8, 12, 12]));
  ({ x, channels: cin } = inception(m, x, 'inception_3b', cin, [24, 16, 32, 8, 16, 16]));
  x = pool(m, x, 'pool3/3x3_s2', 'MaxPool', 3, { stride: 2 });
  ({ x, channels: cin } = inception(m, x, 'inception_4a', cin, [32, 24, 48, 8, 24, 24]));
  x = pool(m, x, 'pool5/7x7_s1', 'AveragePool', 7);
  x = reshape(m, dropout(m, x, 'pool5/drop_7x7_s1', 0.4), 'loss3/flatten', [1, cin]);
  return softmaxOutput(m, gemm(m, x, 'loss3/classifier', [cin, 10]), [1, 10]);
}
