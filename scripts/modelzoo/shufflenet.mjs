import { ModelBuilder } from './builder.mjs';
import { batchNorm, conv, gemm, pool, relu, reshape, softmaxOutput } from './layers.mjs';

const GROUPS = 4;

/** ShuffleNet v1 with four groups, half width. */
export function shufflenet() {
  const m = new ModelBuilder('shufflenet');
  let x = conv(m, m.input('data', [1, 3, 224, 224]), 'conv3_0', [3, 24], 3, { stride: 2, pad: 1 });
  x = relu(m, batchNorm(m, x, 'conv3_0_bn', 24), 'conv3_0/relu');
  x = pool(m, x, 'pool1', 'MaxPool', 3, { stride: 2, pad: 1 });
  let [cin, size] = [24, 56];
  [4, 8, 4].forEach((blocks, stage) => {
    const cout = 136 << stage;
    for (let i = 0; i < blocks; i++) {
      const name = `stage${stage + 2}_${i}`;
      const stride = i === 0 ? 2 : 1;
      // The first block of a stage concatenates its shortcut instead of adding it.
      const mid = stride === 2 ? cout - cin : cout;
      let y = conv(m, x, `${name}/gconv1`, [cin, mid], 1, { group: GROUPS, bias: false });
      y = relu(m, batchNorm(m, y, `${name}/gconv1_bn`, mid), `${name}/gconv1_relu`);
      y = reshape(m, y, `${name}/split`, [1, GROUPS, mid / GROUPS, size, size]);
      y = m.node('Transpose', [y], { perm: [0, 2, 1, 3, 4] }, { name: `${name}/shuffle` });
      y = reshape(m, y, `${name}/join`, [1, mid, size, size]);
      y = conv(m, y, `${name}/gconv3`, [mid, mid], 3, { group: mid, pad: 1, stride, bias: false, gain: 1 });
      y = batchNorm(m, y, `${name}/gconv3_bn`, mid);
      y = conv(m, y, `${name}/gconv2`, [mid, mid], 1, { group: GROUPS, bias: false, gain: 1 });
      y = batchNorm(m, y, `${name}/gconv2_bn`, mid, 0.5);
      if (stride === 2) {
        const shortcut = pool(m, x, `${name}/pool`, 'AveragePool', 3, { stride: 2, pad: 1 });
        x = m.node('Concat', [y, shortcut], { axis: 1 }, { name: `${name}/concat` });
        size /= 2;
      } else x = m.node('Sum', [y, x], {}, { name: `${name}/sum` });
      x = relu(m, x, `${name}/relu`);
      cin = cout;
    }
  });
  x = reshape(m, pool(m, x, 'pool5', 'AveragePool', 7), 'flatten', [1, 544]);
  return softmaxOutput(m, gemm(m, x, 'pred', [544, 1000]), [1, 1000]);
}
