import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, NodeContext, OpTable } from '../node.ts';
import { fromFirst, type Layout, toFirst } from './window.ts';

const LAST: Layout = { last: true, rank: 4 };

/** Where a pixel of the result lies in the image: corners on corners, centres on centres, or neither. */
function coordinates(c: NodeContext): string {
  if (c.bool('align_corners')) return 'align_corners';
  return c.bool('half_pixel_centers') ? 'half_pixel' : 'asymmetric';
}

function resize(c: NodeContext, attrs: Readonly<Record<string, string | number>>) {
  const [h, w] = c.known(1, 'the size of its result') as [number, number];
  const x = toFirst(c.e, c.in(0), LAST);
  const y = c.e.node('Resize', [x, null, null, c.e.ints(h, w)], {
    axes: [2, 3],
    coordinate_transformation_mode: coordinates(c),
    ...attrs,
  });
  return [fromFirst(c.e, y, LAST)];
}

/** Results are float32 whatever the image is. */
const bilinear: ConvertNode = (c) => {
  if (c.dtype() !== 'float32') throw new Unconvertible(`resizes ${c.dtype()} images; cast them to float32 first`);
  return resize(c, { mode: 'linear' });
};

/** Rounds half up on centres and corners, down otherwise. */
const nearest: ConvertNode = (c) =>
  resize(c, { mode: 'nearest', nearest_mode: coordinates(c) === 'asymmetric' ? 'floor' : 'round_prefer_ceil' });

/** Keys' cubic with centres; the old form interpolates with another curve. */
const bicubic: ConvertNode = (c) => {
  const centred = c.bool('half_pixel_centers');
  return resize(c, { mode: 'cubic', cubic_coeff_a: centred ? -0.5 : -0.75, exclude_outside: centred ? 1 : 0 });
};

export const RESIZE: OpTable = {
  ResizeBicubic: bicubic,
  ResizeBilinear: bilinear,
  ResizeNearestNeighbor: nearest,
};
