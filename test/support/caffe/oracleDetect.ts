import { dense } from '../tensor.ts';
import { bool, list, num, type Params, type Reference } from './oracle.ts';

type Box = [number, number, number, number];

const priorBox: Reference = ({ p }, [x, image]) => {
  const [h, w] = x!.shape.slice(2) as [number, number];
  const [ih, iw] = image!.shape.slice(2) as [number, number];
  const step = num(p, 'step', 0);
  const [sy, sx] = step > 0 ? [step, step] : [ih / h, iw / w];
  const ratios = [1];
  for (const r of list(p, 'aspect_ratio')) {
    if (ratios.some((q) => Math.abs(q - r) < 1e-6)) continue;
    ratios.push(r);
    if (bool(p, 'flip', true)) ratios.push(1 / r);
  }
  const boxes: number[] = [];
  const put = (cx: number, cy: number, bw: number, bh: number): void => {
    const box = [(cx - bw / 2) / iw, (cy - bh / 2) / ih, (cx + bw / 2) / iw, (cy + bh / 2) / ih];
    boxes.push(...box.map((v) => (bool(p, 'clip', false) ? Math.min(Math.max(v, 0), 1) : v)));
  };
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      const [cx, cy] = [(j + num(p, 'offset', 0.5)) * sx, (i + num(p, 'offset', 0.5)) * sy];
      list(p, 'min_size').forEach((min, k) => {
        put(cx, cy, min, min);
        const max = list(p, 'max_size')[k];
        if (max !== undefined) put(cx, cy, Math.sqrt(min * max), Math.sqrt(min * max));
        for (const r of ratios.slice(1)) put(cx, cy, min * Math.sqrt(r), min / Math.sqrt(r));
      });
    }
  const variance = list(p, 'variance');
  const tail = boxes.map((_, i) => (variance.length === 4 ? variance[i % 4]! : (variance[0] ?? 0.1)));
  return [dense('float32', [1, 2, boxes.length], [...boxes, ...tail].map(Math.fround))];
};

const area = (b: Box): number => Math.max(0, b[2] - b[0]) * Math.max(0, b[3] - b[1]);
function iou(a: Box, b: Box): number {
  const shared = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return shared / (area(a) + area(b) - shared);
}

/** One box per prior, shared by the classes. */
function decode(p: Params, loc: ArrayLike<number>, prior: ArrayLike<number>, i: number, n: number): Box {
  const at = (k: number): number => prior[i * 4 + k]!;
  const v = (k: number): number =>
    (bool(p, 'variance_encoded_in_target', false) ? 1 : prior[(n + i) * 4 + k]!) * loc[i * 4 + k]!;
  const [w, h] = [at(2) - at(0), at(3) - at(1)];
  if (p.code_type === 'CENTER_SIZE') {
    const [cx, cy] = [v(0) * w + (at(0) + at(2)) / 2, v(1) * h + (at(1) + at(3)) / 2];
    const [bw, bh] = [Math.exp(v(2)) * w, Math.exp(v(3)) * h];
    return [cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2];
  }
  if (p.code_type === 'CORNER_SIZE') return [at(0) + v(0) * w, at(1) + v(1) * h, at(2) + v(2) * w, at(3) + v(3) * h];
  return [at(0) + v(0), at(1) + v(1), at(2) + v(2), at(3) + v(3)];
}

/** Rows of the detections found; the engine's output has room for keep_top_k of them per image and fills up with −1. */
const detectionOutput: Reference = ({ p }, [loc, conf, prior]) => {
  const images = loc!.shape[0]!;
  const n = prior!.shape[2]! / 4;
  const classes = num(p, 'num_classes', 0);
  const nms = (p.nms_param ?? {}) as Params;
  const keep = num(p, 'keep_top_k', -1);
  const rows: number[] = [];
  for (let image = 0; image < images; image++) {
    const offsets = loc!.data.slice(image * n * 4, (image + 1) * n * 4);
    const boxes = Array.from({ length: n }, (_, i) => decode(p, offsets, prior!.data, i, n));
    let found: [label: number, score: number, box: number][] = [];
    for (let c = 0; c < classes; c++) {
      if (c === num(p, 'background_label_id', 0)) continue;
      let order = Array.from({ length: n }, (_, i): [number, number] => [conf!.data[(image * n + i) * classes + c]!, i])
        .filter(([s]) => s > num(p, 'confidence_threshold', Number.NEGATIVE_INFINITY))
        .sort((a, b) => b[0] - a[0]);
      if (num(nms, 'top_k', -1) >= 0) order = order.slice(0, num(nms, 'top_k', -1));
      const kept: [number, number][] = [];
      for (const [s, i] of order)
        if (kept.every(([, j]) => iou(boxes[i]!, boxes[j]!) <= num(nms, 'nms_threshold', 0.3))) kept.push([s, i]);
      found.push(...kept.map(([s, i]): [number, number, number] => [c, s, i]));
    }
    if (keep >= 0 && found.length > keep) {
      found = found.sort((a, b) => b[1] - a[1]).slice(0, keep);
      found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
    }
    for (const [c, s, i] of found) rows.push(image, c, s, ...boxes[i]!);
    for (let r = found.length; keep >= 0 && r < keep; r++) rows.push(-1, -1, -1, -1, -1, -1, -1);
  }
  return [dense('float32', [1, 1, rows.length / 7, 7], rows)];
};

export const DETECT: Readonly<Record<string, Reference>> = { DetectionOutput: detectionOutput, PriorBox: priorBox };
