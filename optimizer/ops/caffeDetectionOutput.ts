import { dimMul } from '../ir/dim.ts';
import { count, dtypeOf, shapeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/**
 * SSD's last layer: decodes box offsets against priors, suppresses overlapping boxes class by class, keeps the best.
 * Inputs: offsets [N, P·L·4], scores [N, P·C], priors [1, 2, P·4] (boxes, then variances).
 * Output [1, 1, N·R, 7]: rows of image, class, score, xmin, ymin, xmax, ymax; R is keep_top_k, or all that can remain.
 * Rows beyond the detections found are −1 throughout.
 */
export default defineOp({
  op: 'DetectionOutput',
  domain: 'caffe',
  category: 'other',
  since: [1],
  attrs: {
    num_classes: { type: 'int', required: true },
    share_location: { type: 'int', default: 1 },
    background_label_id: { type: 'int', default: 0 },
    nms_threshold: { type: 'float', default: Math.fround(0.3) },
    nms_top_k: { type: 'int', default: -1 },
    eta: { type: 'float', default: 1 },
    code_type: { type: 'string', default: 'CORNER' },
    keep_top_k: { type: 'int', default: -1 },
    variance_encoded_in_target: { type: 'int', default: 0 },
    confidence_threshold: { type: 'float', default: -3.4028234663852886e38 },
  },
  inputs: [3, 3],
  outputs: [1, 1],
  infer(ctx) {
    const loc = shapeOf(ctx, 0);
    const conf = shapeOf(ctx, 1);
    const prior = shapeOfRank(ctx, 2, 3)[2]!;
    const classes = ctx.attr<number>('num_classes');
    if (typeof prior !== 'number') throw new OpError('needs priors of known number');
    const boxes = prior / 4;
    const labels = ctx.attr<number>('share_location') ? 1 : classes;
    const expect = (i: number, what: string, want: number): void => {
      const shape = i === 0 ? loc : conf;
      const have = shape.slice(1).every((d) => typeof d === 'number') ? count(shape.slice(1) as number[]) : want;
      if (have !== want) throw new OpError(`has ${have} ${what} for ${boxes} priors, which need ${want}`);
    };
    expect(0, 'box offsets', boxes * labels * 4);
    expect(1, 'scores', boxes * classes);
    const keep = ctx.attr<number>('keep_top_k');
    const topK = ctx.attr<number>('nms_top_k');
    const background = ctx.attr<number>('background_label_id');
    const scored = background >= 0 && background < classes ? classes - 1 : classes;
    const possible = scored * (topK < 0 ? boxes : Math.min(topK, boxes));
    const rows = keep < 0 ? possible : Math.min(keep, possible);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [1, 1, dimMul(loc[0]!, rows), 7] }] };
  },
});
