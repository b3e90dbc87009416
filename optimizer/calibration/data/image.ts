import { basename } from 'node:path';
import { DataError } from './source.ts';

/*
 * Decoding and scaling by sharp (libvips), loaded when the first image is met. Pixels are 8 bits, interleaved, rows from
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

export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey or 3 RGB. */
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

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
export async function decodeImage(path: string): Promise<DecodedImage> {
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

/** Scales with antialiased bilinear interpolation to exactly width × height. */
export async function resizeImage(
  image: DecodedImage,
  width: number,
  height: number,
  settings: ResizeSettings,
): Promise<DecodedImage> {
  const scaled = scaledSize(image, width, height, settings);
  if (
    scaled.width === image.width &&
    scaled.height === image.height &&
    image.width === width &&
    image.height === height
  )
    return image;
  const sharp = await sharpLibrary();
  const { channels } = image;
  let p = sharp(image.pixels, { raw: { width: image.width, height: image.height, channels } }).resize({
    ...scaled,
    fit: 'fill',
    kernel: 'linear',
  });
  const left = Math.round((scaled.width - width) / 2);
  const top = Math.round((scaled.height - height) / 2);
  if (settings.resize === 'crop') p = p.extract({ left, top, width, height });
  if (settings.resize === 'pad')
    p = p.extend({
      left: -left,
      right: width - scaled.width + left,
      top: -top,
      bottom: height - scaled.height + top,
      background: { r: 0, g: 0, b: 0 },
    });
  if (channels === 1) p = p.toColourspace('b-w');
  const pixels = await p.raw({ depth: 'uchar' }).toBuffer();
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
  const side = settings.shortestSide ?? Math.round((Math.min(width, height) * 8) / 7);
  const f = Math.max(side / Math.min(image.width, image.height), toWidth, toHeight);
  return {
    width: Math.max(width, Math.round(image.width * f)),
    height: Math.max(height, Math.round(image.height * f)),
  };
}
