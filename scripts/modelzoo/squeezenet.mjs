import { ModelBuilder } from './builder.mjs';
import { convRelu, dropout, pool, softmaxOutput } from './layers.mjs';

/** SqueezeNet 1.1. */
export function squeezenet() {
  const m = new ModelBuilder('squeezenet');
  let x = convRelu(m, m.input('data', [1, 3, 224, 224]), 'conv1', [3, 64], 3, { stride: 2 });
  let cin = 64;
  const fire = (k, squeeze, expand) => {
    const s = convRelu(m, x, `fire${k}/squeeze1x1`, [cin, squeeze], 1);
    const a = convRelu(m, s, `fire${k}/expand1x1`, [squeeze, expand], 1);
    const b = convRelu(m, s, `fire${k}/expand3x3`, [squeeze, expand], 3, { pad: 1 });
    x = m.node('Concat', [a, b], { axis: 1 }, { name: `fire${k}/concat` });
    cin = 2 * expand;
  };
  const reduce = (k) => {
    x = pool(m, x, `pool${k}`, 'MaxPool', 3, { stride: 2 });
  };
  reduce(1);
  fire(2, 16, 64);
  fire(3, 16, 64);
  reduce(3);
  fire(4, 32, 128);
  fire(5, 32, 128);
  reduce(5);
  fire(6, 48, 192);
  fire(7, 48, 192);
  fire(8, 64, 256);
  fire(9, 64, 256);
  x = convRelu(m, dropout(m, x, 'drop9', 0.5), 'conv10', [512, 1000], 1);
  return softmaxOutput(m, m.node('GlobalAveragePool', [x], {}, { name: 'pool10' }), [1, 1000, 1, 1]);
}
