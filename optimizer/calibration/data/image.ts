import { basename } from 'node:path';
import { roundHalfEven } from '../quantize.ts';
import { type Pixels, resample } from './resample.ts';
import { DataError } from './source.ts';

/*
 * Decoding by sharp (libvips), loaded when the first image is met. Pixels are 8 bits, interleaved, rows from
 * the top. Alpha is dropped, not blended, and EXIF orientation is not applied: what training pipelines do.
 */

export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
]);

const load = async () => {
  const { default: sharp } = await import('sharp');
  // One image at a time, nothing kept: memory stays flat and the cores are the engine's.
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
};
let loaded: ReturnType<typeof load> | null = null;
const sharpLibrary = (): ReturnType<typeof load> => (loaded ??= load());

/** Reads an image file. Throws DataError when it is not one, or damaged. */
export async function decodeImage(path: string): Promise<Pixels> {
  const sharp = await sharpLibrary();
  try {
    const { data, info } = await sharp(path, { failOn: 'error' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 1 && info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { width: info.width, height: info.height, channels: info.channels, pixels: data };
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    throw new DataError(`${basename(path)} cannot be read as an image (${why})`);
  }
}

export interface ResizeSettings {
  readonly resize: 'stretch' | 'crop' | 'pad';
  readonly shortestSide?: number;
}

/** Scales to exactly width × height (resample.ts); crop cuts the centre out, pad puts black around. */
export function resizeImage(image: Pixels, width: number, height: number, settings: ResizeSettings): Pixels {
  const scaled = scaledSize(image, width, height, settings);
  const region = {
    left: Math.max(0, roundHalfEven((scaled.width - width) / 2)),
    top: Math.max(0, roundHalfEven((scaled.height - height) / 2)),
    width: Math.min(width, scaled.width),
    height: Math.min(height, scaled.height),
  };
  const part = resample(image, scaled.width, scaled.height, region);
  if (part.width === width && part.height === height) return part;
  const { channels } = image;
  const pixels = new Uint8Array(width * height * channels);
  const left = Math.round((width - part.width) / 2);
  const top = Math.round((height - part.height) / 2);
  const row = part.width * channels;
  for (let y = 0; y < part.height; y++)
    pixels.set(part.pixels.subarray(y * row, (y + 1) * row), ((top + y) * width + left) * channels);
  return { width, height, channels, pixels };
}

/** The size before cropping or padding. */
export function scaledSize(
  image: { readonly width: number; readonly height: number },
  width: number,
  height: number,
  settings: ResizeSettings,
): { width: number; height: number } {
  if (settings.resize === 'stretch') return { width, height };
  const toWidth = width / image.width;
  const toHeight = height / image.height;
  if (settings.resize === 'pad') {
    const f = Math.min(toWidth, toHeight);
    return {
      width: Math.min(width, Math.max(1, Math.round(image.width * f))),
      height: Math.min(height, Math.max(1, Math.round(image.height * f))),
    };
  }
  // As torchvision's Resize and CenterCrop: the longer side is cut down to a whole number.
  const wanted = settings.shortestSide ?? Math.round((Math.min(width, height) * 8) / 7);
  const longer = (side: number, long: number, short: number): number => Math.floor((side * long) / short);
  if (image.width >= image.height) {
    const side = Math.max(wanted, height, Math.ceil((width * image.height) / image.width));
    return { width: longer(side, image.width, image.height), height: side };
  }
  const side = Math.max(wanted, width, Math.ceil((height * image.width) / image.height));
  return { width: side, height: longer(side, image.height, image.width) };
}
