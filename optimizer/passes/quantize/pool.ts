import { isStatic } from '../../ir/dim.ts';
import { attrText, shapeOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { fuseQuantized, isRefused, resultQuantizer } from './fuse.ts';
import { dequantizerOf } from './nodes.ts';

/** DQ → average over windows or whole images → Q. */
export const quantizedPool: Rule = {
  name: 'quantized-pool',
  title: 'Average pooling on integers',
  anchors: ['AveragePool', 'GlobalAveragePool'],
  rewrite(node, ctx) {
    const x = dequantizerOf(ctx, node.inputs[0]);
    if (!x || !isStatic(shapeOf(ctx.graph, node.inputs[0]) ?? [])) return null;
    const quantizer = resultQuantizer(ctx, node);
    if (isRefused(quantizer)) return quantizer;
    return fuseQuantized(ctx, 'QuantizedPool', [x.node], node, quantizer);
  },
};

/** DQ → interpolation → Q. Picking the nearest element only moves numbers: that is propagation's. */
export const quantizedResize: Rule = {
  name: 'quantized-resize',
  title: 'Interpolation on integers',
  anchors: ['Resize'],
  rewrite(node, ctx) {
    const x = dequantizerOf(ctx, node.inputs[0]);
    if (!x || attrText(node, 'mode', 'nearest') === 'nearest') return null;
    const quantizer = resultQuantizer(ctx, node);
    if (isRefused(quantizer)) return quantizer;
    return quantizer && fuseQuantized(ctx, 'QuantizedResize', [x.node], node, quantizer);
  },
};
