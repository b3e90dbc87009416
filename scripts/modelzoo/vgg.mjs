import { ModelBuilder } from './builder.mjs';
import { convRelu, dropout, gemm, pool, relu, reshape, softmaxOutput } from './layers.mjs';

function vgg(name, depths) {
  const m = new ModelBuilder(name);
  let x = m.input('data', [1, 3, 224, 224]);
  let cin = 3;
  depths.forEach((depth, stage) => {
    const cout = [64, 128, 256, 512, 512][stage];
    for (let i = 1; i <= depth; i++) {
      x = convRelu(m, x, `conv${stage + 1}_${i}`, [cin, cout], 3, { pad: 1 });
      cin = cout;
    }
    x = pool(m, x, `pool${stage + 1}`, 'MaxPool', 2, { stride: 2 });
  });
  x = reshape(m, x, 'flatten', [1, 25088]);
  x = dropout(m, relu(m, gemm(m, x, 'fc6', [25088, 4096], 2), 'fc6/relu'), 'drop6', 0.5);
  x = dropout(m, relu(m, gemm(m, x, 'fc7', [4096, 4096], 2), 'fc7/relu'), 'drop7', 0.5);
  return softmaxOutput(m, gemm(m, x, 'fc8', [4096, 1000]), [1, 1000]);
}

export const vgg16 = () => vgg('vgg16', [2, 2, 3, 3, 3]);
export const vgg19 = () => vgg('vgg19', [2, 2, 4, 4, 4]);
