import { Unconvertible } from '../../common/emitter.ts';
import { ImportError } from '../../error.ts';
import type { ConvertLayer, LayerContext, LayerTable } from '../layer.ts';
import type { Settings } from '../messages.ts';

/** Numbers in the boxes of one layer; real detectors stay far below. */
const MAX_PRIORS = 1 << 26;

const CODES: Readonly<Record<number, string>> = { 1: 'CORNER', 2: 'CENTER_SIZE', 3: 'CORNER_SIZE' };

/** Width : height ratios of the boxes at one place: 1 first, each given one once, with its inverse when flipping. */
function ratios(p: Settings): number[] {
  const out = [1];
  for (const ratio of p.aspect_ratio as readonly number[]) {
    if (out.some((r) => Math.abs(r - ratio) < 1e-6)) continue;
    out.push(ratio);
    if (p.flip === true) out.push(1 / ratio);
  }
  return out;
}

/** Sizes of the boxes at one place, in pixels. */
function sizes(c: LayerContext, p: Settings): [w: number, h: number][] {
  const mins = p.min_size as readonly number[];
  const maxs = p.max_size as readonly number[];
  if (mins.length === 0 || (maxs.length > 0 && maxs.length !== mins.length))
    throw new ImportError('invalid-operator', `${c.label} has ${mins.length} min_size and ${maxs.length} max_size.`);
  return mins.flatMap((min, i) => {
    const boxes: [number, number][] = [[min, min]];
    const max = maxs[i];
    if (max !== undefined) boxes.push([Math.sqrt(min * max), Math.sqrt(min * max)]);
    for (const r of ratios(p).slice(1)) boxes.push([min * Math.sqrt(r), min / Math.sqrt(r)]);
    return boxes;
  });
}

/** Lengths along height and width that may be given together or apart; null where they are not given. */
function given(p: Settings, both: string, h: string, w: string): [number, number] | null {
  if (p[both]) return [p[both] as number, p[both] as number];
  return p[h] && p[w] ? [p[h] as number, p[w] as number] : null;
}

/** Boxes around every place of a feature map, relative to the image, and their variances: constants. [1, 2, H·W·P·4]. */
const priorBox: ConvertLayer = (c) => {
  const p = c.settings('prior_box_param');
  const [rows, columns] = [c.length(2), c.length(3)];
  const [height, width] = given(p, 'img_size', 'img_h', 'img_w') ?? [c.length(2, 1), c.length(3, 1)];
  const [stepY, stepX] = given(p, 'step', 'step_h', 'step_w') ?? [height / rows, width / columns];
  const shapes = sizes(c, p);
  const total = rows * columns * shapes.length * 4;
  if (total > MAX_PRIORS) throw new Unconvertible(`makes ${total / 4} boxes`);
  const out = new Float32Array(2 * total);
  const offset = p.offset as number;
  let at = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [cx, cy] = [(x + offset) * stepX, (y + offset) * stepY];
      for (const [w, h] of shapes) {
        for (const v of [(cx - w / 2) / width, (cy - h / 2) / height, (cx + w / 2) / width, (cy + h / 2) / height])
          out[at++] = p.clip === true ? Math.min(Math.max(v, 0), 1) : v;
      }
    }
  }
  const variance = p.variance as readonly number[];
  if (variance.length > 1 && variance.length !== 4)
    throw new ImportError('invalid-operator', `${c.label} has ${variance.length} variances; 1 or 4 are possible.`);
  for (; at < out.length; at++) out[at] = variance[variance.length === 4 ? at % 4 : 0] ?? 0.1;
  return [c.constant([1, 2, total], new Uint8Array(out.buffer))];
};

const detectionOutput: ConvertLayer = (c) => {
  const p = c.settings('detection_output_param');
  const nms = (p.nms_param ?? {}) as Settings;
  const code = CODES[p.code_type as number];
  if (!code) throw new Unconvertible('encodes boxes in a way that is not known');
  const attrs = {
    num_classes: p.num_classes as number,
    share_location: p.share_location === true ? 1 : 0,
    background_label_id: p.background_label_id as number,
    nms_threshold: (nms.nms_threshold as number | undefined) ?? Math.fround(0.3),
    nms_top_k: Object.hasOwn(nms, 'top_k') ? (nms.top_k as number) : -1,
    eta: (nms.eta as number | undefined) ?? 1,
    code_type: code,
    keep_top_k: p.keep_top_k as number,
    variance_encoded_in_target: p.variance_encoded_in_target === true ? 1 : 0,
    ...(Object.hasOwn(p, 'confidence_threshold') ? { confidence_threshold: p.confidence_threshold as number } : {}),
  };
  const inputs = [c.bottom(0), c.bottom(1), c.bottom(2)];
  return [c.e.nodes('DetectionOutput', inputs, attrs, 1, 'caffe')[0]!];
};

export const DETECTION: LayerTable = { DetectionOutput: detectionOutput, PriorBox: priorBox };
