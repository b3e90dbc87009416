import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { ortSession, runOrt } from '../bench/ort.ts';
import { seeded } from './tensor.ts';

export const SIDE = 28;

/** Grey pictures of simple shapes on black, each of its own: enough for the sample network to have opinions on. */
export function clothes(index: number): Uint8Array {
  const random = seeded(7919 * (index + 1));
  const next = (): number => (random() + 1) / 2;
  const [cx, cy, rx, ry, shade] = [10 + 8 * next(), 10 + 8 * next(), 4 + 9 * next(), 4 + 9 * next(), 90 + 160 * next()];
  const square = next() > 0.5;
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [((i % SIDE) - cx) / rx, (Math.floor(i / SIDE) - cy) / ry];
    const distance = square ? Math.max(Math.abs(x), Math.abs(y)) : Math.hypot(x, y);
    // Darker towards the edge: every shade occurs, as in photographs.
    return distance < 1 ? Math.min(255, shade * (1 - 0.9 * distance) + 40 * next()) : 0;
  });
}

/** What ONNX Runtime ranks first for a picture. */
export async function classifier(model: string): Promise<(pixels: Uint8Array) => Promise<number>> {
  const session = await ortSession(model, 1);
  return async (pixels) => {
    const data = Float32Array.from(pixels, (p) => p / 255);
    const shape = [1, 1, SIDE, SIDE];
    const { logits } = await runOrt(session, {
      image: { dtype: 'float32', shape, bytes: new Uint8Array(data.buffer) },
    });
    const scores = [...new Float32Array(logits!.bytes.buffer, logits!.bytes.byteOffset, 10)];
    return scores.indexOf(Math.max(...scores));
  };
}

/** `count` PNG files in `dir`, in a folder per class: the class that ONNX Runtime sees, but every `wrong`-th one another. */
export async function writeClothes(dir: string, count: number, model: string, wrong = 10): Promise<void> {
  const classify = await classifier(model);
  for (let i = 0; i < count; i++) {
    const pixels = clothes(i);
    const label = ((await classify(pixels)) + (i % wrong === 0 ? 1 : 0)) % 10;
    mkdirSync(join(dir, String(label)), { recursive: true });
    const png = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
      .png()
      .toBuffer();
    writeFileSync(join(dir, String(label), `${String(i).padStart(4, '0')}.png`), png);
  }
}
