import { ModelBuilder } from '../builder.mjs';
import { conv, relu } from '../layers.mjs';

/**
 * Batch, height and width are open: an encoder, a decoder whose upsampling follows the encoder's size at run time
 * (Shape, Slice, Concat, Resize), and a per-pixel classifier written through Reshape.
 */
export function dynamicConv() {
  const m = new ModelBuilder('dynamic_conv', { opset: 13 });
  const image = m.input('image', ['batch', 3, 'height', 'width']);
  const fine = relu(m, conv(m, image, 'encoder/fine', [3, 16], 3, { pad: 1 }), 'encoder/fine_relu');
  const half = relu(m, conv(m, fine, 'encoder/half', [16, 32], 3, { pad: 1, stride: 2 }), 'encoder/half_relu');
  const quarter = relu(m, conv(m, half, 'encoder/quarter', [32, 32], 3, { pad: 1, stride: 2 }), 'encoder/quarter_relu');
  const size = m.node('Shape', [fine], {}, { name: 'decoder/Shape' });
  const axes = [m.ints('decoder/starts', [2]), m.ints('decoder/ends', [4]), m.ints('decoder/axes', [0])];
  const spatial = m.node('Slice', [size, ...axes], {}, { name: 'decoder/Slice' });
  const own = m.node('Shape', [quarter], {}, { name: 'decoder/Shape_1' });
  const leading = m.node(
    'Slice',
    [own, m.ints('decoder/starts_1', [0]), m.ints('decoder/ends_1', [2]), m.ints('decoder/axes_1', [0])],
    {},
    { name: 'decoder/Slice_1' },
  );
  const sizes = m.node('Concat', [leading, spatial], { axis: 0 }, { name: 'decoder/Concat' });
  const grown = m.node(
    'Resize',
    [quarter, '', '', sizes],
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    { name: 'decoder/Resize' },
  );
  const joined = m.node('Concat', [fine, grown], { axis: 1 }, { name: 'decoder/join' });
  const scores = conv(m, joined, 'decoder/classifier', [48, 8], 1, { gain: 1 });
  const rows = m.node('Reshape', [scores, m.ints('pixels/shape', [0, 8, -1])], {}, { name: 'pixels/Reshape' });
  m.node('Softmax', [rows], { axis: 1 }, { name: 'pixels/Softmax', outputs: ['classes'] });
  m.output('classes', ['batch', 8, 'pixels']);
  return m;
}
