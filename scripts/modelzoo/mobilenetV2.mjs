import { ModelBuilder } from './builder.mjs';
import { batchNorm, conv, softmaxOutput } from './layers.mjs';

/** Expansion, output channels, blocks, stride of the first block. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** MobileNet v2 at width 1.0, as PyTorch exports it in training-free form with its BatchNormalization nodes. */
export function mobilenetV2() {
  const m = new ModelBuilder('mobilenet_v2', { opset: 13 });
  const [low, high] = [m.scalar('relu6_min', 0), m.scalar('relu6_max', 6)];
  const unit = (x, name, channels, kernel, options, active, gain = 1) => {
    const y = conv(m, x, `${name}/conv`, channels, kernel, { ...options, bias: false, gain: active ? 2 : 1 });
    const z = batchNorm(m, y, `${name}/bn`, channels[1], gain);
    return active ? m.node('Clip', [z, low, high], {}, { name: `${name}/relu6` }) : z;
  };
  let x = unit(m.input('input', [1, 3, 224, 224]), 'features.0', [3, 32], 3, { stride: 2, pad: 1 }, true);
  let cin = 32;
  let k = 1;
  for (const [expand, cout, blocks, first] of STAGES) {
    for (let i = 0; i < blocks; i++) {
      const name = `features.${k++}`;
      const stride = i === 0 ? first : 1;
      const mid = cin * expand;
      let y = x;
      if (expand > 1) y = unit(y, `${name}/expand`, [cin, mid], 1, {}, true);
      y = unit(y, `${name}/depthwise`, [mid, mid], 3, { stride, pad: 1, group: mid }, true);
      const residual = stride === 1 && cin === cout;
      y = unit(y, `${name}/project`, [mid, cout], 1, {}, false, residual ? 0.5 : 1);
      x = residual ? m.node('Add', [x, y], {}, { name: `${name}/add` }) : y;
      cin = cout;
    }
  }
  x = unit(x, `features.${k}`, [320, 1280], 1, {}, true);
  x = m.node('GlobalAveragePool', [x], {}, { name: 'pool' });
  x = m.node('Flatten', [x], { axis: 1 }, { name: 'flatten' });
  const w = m.weight('classifier_w', [1000, 1280], 1280, 1);
  x = m.node('Gemm', [x, w, m.uniform('classifier_b', [1000], -0.1, 0.1)], { transB: 1 }, { name: 'classifier' });
  return softmaxOutput(m, x, [1, 1000]);
}
