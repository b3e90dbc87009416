import { ModelBuilder } from './builder.mjs';
import { convRelu, dropout, gemm, lrn, pool, relu, reshape, softmaxOutput } from './layers.mjs';

/** AlexNet, the reference Caffe variant (grouped convolutions, LRN before pooling). */
export function alexnet() {
  const m = new ModelBuilder('alexnet');
  let x = m.input('data', [1, 3, 224, 224]);
  x = lrn(m, convRelu(m, x, 'conv1', [3, 96], 11, { stride: 4 }), 'norm1');
  x = pool(m, x, 'pool1', 'MaxPool', 3, { stride: 2 });
  x = lrn(m, convRelu(m, x, 'conv2', [96, 256], 5, { pad: 2, group: 2 }), 'norm2');
  x = pool(m, x, 'pool2', 'MaxPool', 3, { stride: 2 });
  x = convRelu(m, x, 'conv3', [256, 384], 3, { pad: 1 });
  x = convRelu(m, x, 'conv4', [384, 384], 3, { pad: 1, group: 2 });
  x = convRelu(m, x, 'conv5', [384, 256], 3, { pad: 1, group: 2 });
  x = pool(m, x, 'pool5', 'MaxPool', 3, { stride: 2, pad: [0, 0, 1, 1] });
  x = reshape(m, x, 'flatten', [1, 9216]);
  x = dropout(m, relu(m, gemm(m, x, 'fc6', [9216, 4096], 2), 'fc6/relu'), 'drop6', 0.5);
  x = dropout(m, relu(m, gemm(m, x, 'fc7', [4096, 4096], 2), 'fc7/relu'), 'drop7', 0.5);
  return softmaxOutput(m, gemm(m, x, 'fc8', [4096, 1000]), [1, 1000]);
}
