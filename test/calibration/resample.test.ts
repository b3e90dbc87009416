import { describe, expect, it } from 'vitest';
import { resizeImage } from '../../optimizer/calibration/data/image.ts';
import { type Pixels, resample } from '../../optimizer/calibration/data/resample.ts';

const picture = (width: number, height: number, channels: 1 | 3, step: number): Pixels => ({
  width,
  height,
  channels,
  pixels: Uint8Array.from({ length: width * height * channels }, (_, i) => i * step),
});
const whole = (image: Pixels, width: number, height: number): number[] => [
  ...resample(image, width, height, { left: 0, top: 0, width, height }).pixels,
];

/* Expected numbers: Pillow 13, Image.resize(size, BILINEAR) of the same pictures. */
describe('resample', () => {
  it('reduces and enlarges as Pillow does', () => {
    const gray = picture(5, 3, 1, 37);
    expect(whole(gray, 3, 2)).toEqual([85, 69, 105, 157, 140, 85]);
    expect(whole(gray, 7, 4)).toEqual([
      0, 21, 48, 74, 100, 127, 148, 116, 137, 117, 30, 56, 83, 104, 158, 179, 160, 72, 98, 84, 50, 114, 135, 162, 188,
      214, 131, 6,
    ]);
    expect(whole(picture(4, 4, 3, 53), 2, 3)).toEqual([
      81, 134, 99, 137, 113, 108, 135, 133, 113, 129, 127, 107, 112, 132, 127, 121, 141, 106,
    ]);
  });

  it('crops as Resize(5) and CenterCrop(4) of torchvision do', () => {
    const cropped = resizeImage(picture(10, 7, 1, 71), 4, 4, { resize: 'crop', shortestSide: 5 });
    expect([...cropped.pixels]).toEqual([160, 87, 146, 178, 128, 173, 107, 177, 106, 146, 177, 101, 184, 119, 140, 82]);
  });

  it('cuts the same pixels out of a region as out of the whole', () => {
    const image = picture(31, 23, 3, 7);
    const all = whole(image, 20, 11);
    const part = resample(image, 20, 11, { left: 3, top: 2, width: 9, height: 5 });
    for (let y = 0; y < 5; y++)
      expect([...part.pixels.subarray(y * 27, (y + 1) * 27)]).toEqual(
        all.slice(((y + 2) * 20 + 3) * 3, ((y + 2) * 20 + 12) * 3),
      );
  });

  it('leaves an image of the right size alone, and covers the target whatever the proportions', () => {
    const image = picture(6, 4, 3, 5);
    expect(resizeImage(image, 6, 4, { resize: 'stretch' }).pixels).toEqual(image.pixels);
    for (const [w, h] of [
      [100, 3],
      [3, 100],
      [1, 1],
      [224, 225],
    ] as const)
      for (const resize of ['crop', 'pad', 'stretch'] as const)
        expect(resizeImage(picture(w, h, 1, 3), 32, 48, { resize }).pixels).toHaveLength(32 * 48);
  });
});
