import type { Tensor } from '../../optimizer/runtime.ts';

/** An image [1,3,H,W] that looks like lines of dark strokes on bright paper: text detectors answer noise with zeros. */
export function textPage(shape: readonly number[], random: () => number): Tensor {
  const [h, w] = [shape[2]!, shape[3]!];
  const data = new Float32Array(3 * h * w);
  const strokes = Array.from({ length: w }, () => random() < 0.45);
  for (let y = 0; y < h; y++) {
    const line = y % 40 > 10 && y % 40 < 34;
    for (let x = 0; x < w; x++) {
      const ink = line && x > w / 10 && x < (w * 9) / 10 && (strokes[x] || y % 40 < 14);
      for (let c = 0; c < 3; c++) data[(c * h + y) * w + x] = (ink ? -0.9 : 0.85) + (random() - 0.5) * 0.1;
    }
  }
  return { dtype: 'float32', shape, bytes: new Uint8Array(data.buffer) };
}
