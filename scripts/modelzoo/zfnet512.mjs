import { ModelBuilder } from './builder.mjs';
import { convRelu, gemm, lrn, pool, relu, reshape, softmaxOutput } from './layers.mjs';

/** ZFNet with 512 channels in its last three convolutions. */
export function zfnet512() {
  const m = new ModelBuilder('zfnet512');
  const norm = { alpha: 5e-4, bias: 2 };
  let x = m.input('data', [1, 3, 224, 224]);
  x = lrn(m, convRelu(m, x, 'conv1', [3, 96], 7, { stride: 2 }), 'norm1', norm);
  x = pool(m, x, 'pool1', 'MaxPool', 3, { stride: 2 });
  x = lrn(m, convRelu(m, x, 'conv2', [96, 256], 5, { stride: 2 }), 'norm2', norm);
  x = pool(m, x, 'pool2', 'MaxPool', 3, { stride: 2 });
  x = convRelu(m, x, 'conv3', [256, 512], 3, { pad: 1 });
  x = convRelu(m, x, 'conv4', [512, 512], 3, { pad: 1 });
  x = convRelu(m, x, 'conv5', [512, 512], 3, { pad: 1 });
  x = pool(m, x, 'pool5', 'MaxPool', 2, { stride: 2 });
  x = reshape(m, x, 'flatten', [1, 18432]);
  x = relu(m, gemm(m, x, 'fc6', [18432, 4096], 2), 'fc6/relu');
  x = relu(m, gemm(m, x, 'fc7', [4096, 1024], 2), 'fc7/relu');
  return softmaxOutput(m, gemm(m, x, 'fc8', [1024, 1000]), [1, 1000]);
}
