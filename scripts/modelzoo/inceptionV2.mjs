import { ModelBuilder } from './builder.mjs';
import { batchNormScale, conv, gemm, pool, relu, reshape, softmaxOutput } from './layers.mjs';

/** Channels: 1×1, 3×3 reduce, 3×3, double reduce, double 3×3, pool projection; 1×1 and pool 0 = the module halves the size. */
const MODULES = {
  '3a': [64, 64, 64, 64, 96, 32],
  '3b': [64, 64, 96, 64, 96, 64],
  '3c': [0, 128, 160, 64, 96, 0],
  '4a': [224, 64, 96, 96, 128, 128],
  '4b': [192, 96, 128, 96, 128, 128],
  '4c': [160, 128, 160, 128, 160, 96],
  '4d': [96, 128, 192, 160, 192, 96],
  '4e': [0, 128, 192, 192, 256, 0],
  '5a': [352, 192, 320, 160, 224, 128],
  '5b': [352, 192, 320, 192, 224, 128],
};

/** Inception v2 (BN-Inception), the reference Caffe variant: BatchNormalization with separate scale and shift. */
export function inceptionV2() {
  const m = new ModelBuilder('inception_v2');
  const unit = (x, name, channels, kernel, options = {}) => {
    const y = conv(m, x, name, channels, kernel, { ...options, bias: false });
    return relu(m, batchNormScale(m, y, name, channels[1]), `${name}/relu`);
  };
  const shrink = { stride: 2, pad: [0, 0, 1, 1] };
  let x = unit(m.input('data', [1, 3, 224, 224]), 'conv1/7x7_s2', [3, 64], 7, { stride: 2, pad: 3 });
  x = pool(m, x, 'pool1/3x3_s2', 'MaxPool', 3, shrink);
  x = unit(unit(x, 'conv2/3x3_reduce', [64, 64], 1), 'conv2/3x3', [64, 192], 3, { pad: 1 });
  x = pool(m, x, 'pool2/3x3_s2', 'MaxPool', 3, shrink);
  let cin = 192;
  for (const [key, [c1, r3, c3, rd, cd, cp]] of Object.entries(MODULES)) {
    const name = `inception_${key}`;
    const stride = cp === 0 ? 2 : 1;
    const branches = [];
    if (c1 > 0) branches.push(unit(x, `${name}/1x1`, [cin, c1], 1));
    branches.push(unit(unit(x, `${name}/3x3_reduce`, [cin, r3], 1), `${name}/3x3`, [r3, c3], 3, { pad: 1, stride }));
    const a = unit(unit(x, `${name}/double3x3_reduce`, [cin, rd], 1), `${name}/double3x3a`, [rd, cd], 3, { pad: 1 });
    branches.push(unit(a, `${name}/double3x3b`, [cd, cd], 3, { pad: 1, stride }));
    if (cp === 0) branches.push(pool(m, x, `${name}/pool`, 'MaxPool', 3, shrink));
    else {
      const kind = key === '5b' ? 'MaxPool' : 'AveragePool';
      branches.push(unit(pool(m, x, `${name}/pool`, kind, 3, { pad: 1 }), `${name}/pool_proj`, [cin, cp], 1));
    }
    x = m.node('Concat', branches, { axis: 1 }, { name: `${name}/output` });
    cin = c1 + c3 + cd + (cp === 0 ? cin : cp);
  }
  x = reshape(m, pool(m, x, 'global_pool', 'AveragePool', 7), 'loss3/flatten', [1, 1024]);
  return softmaxOutput(m, gemm(m, x, 'loss3/classifier', [1024, 1000]), [1, 1000]);
}
