import type { Tensor } from '../../runtime.ts';
import { resizeImage } from './image.ts';
import type { Pixels } from './resample.ts';
import { DataError, type InputSpec, specText } from './source.ts';

/** How an image becomes an input. x = (pixel · scale - mean) / std, per channel, in the order of `channels`. */
export interface ImageSettings {
  /** stretch: to the size as it is; crop: shortest side to `shortestSide`, then the centre; pad: fit inside, then black. */
  readonly resize: 'stretch' | 'crop' | 'pad';
  /** For crop; 8/7 of the target's shorter side (256 for 224) when absent. */
  readonly shortestSide?: number;
  /** Width and height where the model leaves them open. */
  readonly size?: readonly [width: number, height: number];
  /** Found from the input's shape when absent. */
  readonly layout?: 'nchw' | 'nhwc';
  readonly channels: 'rgb' | 'bgr' | 'gray';
  /** 1/255 makes pixels 0…1; 1 leaves them 0…255. Not applied to uint8 inputs. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const DEFAULT_IMAGE_SETTINGS: ImageSettings = {
  resize: 'stretch',
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0],
  std: [1],
};

/** The place of height, width and channels in an input. */
export interface ImageGeometry {
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  readonly width: number;
  readonly height: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
}

/** What images are turned into for an input of rank 4 (batch first) or 3. Throws DataError when the input is no image. */
export function geometryOf(spec: InputSpec, settings: ImageSettings): ImageGeometry {
  const text = `input "${spec.name}" (${specText(spec.shape)})`;
  if (spec.dtype !== 'float32' && spec.dtype !== 'uint8')
    throw new DataError(`${text} wants ${spec.dtype} values; images can feed float32 and uint8 inputs`);
  const dims = spec.shape.length === 4 ? spec.shape.slice(1) : spec.shape;
  if (dims.length !== 3) throw new DataError(`${text} is not an image: it needs channels, height and width`);
  const isChannels = (d: number | null | undefined): boolean => d === 1 || d === 3;
  const layout = settings.layout ?? (isChannels(dims[0]) ? 'nchw' : isChannels(dims[2]) ? 'nhwc' : null);
  if (!layout) throw new DataError(`${text} does not show where its channels are; set the layout to nchw or nhwc`);
  const [c, h, w] = layout === 'nchw' ? [dims[0], dims[1], dims[2]] : [dims[2], dims[0], dims[1]];
  const channels = c ?? (settings.channels === 'gray' ? 1 : 3);
  if (channels !== 1 && channels !== 3) throw new DataError(`${text} has ${channels} channels; images have 1 or 3`);
  const width = w ?? settings.size?.[0];
  const height = h ?? settings.size?.[1];
  if (!width || !height) throw new DataError(`${text} leaves the image's size open; set the size, e.g. 320x240`);
  for (const [what, list] of [
    ['mean', settings.mean],
    ['std', settings.std],
  ] as const) {
    if (list.length !== 1 && list.length !== channels)
      throw new DataError(`the ${what} has ${list.length} numbers for ${channels} channels; give 1 or ${channels}`);
  }
  if (settings.std.includes(0)) throw new DataError('a standard deviation is 0');
  const shape = layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  const batch = spec.shape[0] ?? 1;
  if (spec.shape.length === 4 && batch !== 1) throw new DataError(`${text} takes ${batch} images at once, not one`);
  return { layout, channels, width, height, shape: spec.shape.length === 4 ? [1, ...shape] : shape };
}

/** Luma of ITU-R BT.601, as every grey conversion in this field has it. */
const luma = (p: Uint8Array, i: number): number => 0.299 * p[i]! + 0.587 * p[i + 1]! + 0.114 * p[i + 2]!;

/** Decoded image → input. */
export function imageTensor(image: Pixels, g: ImageGeometry, spec: InputSpec, s: ImageSettings): Tensor {
  const { pixels, channels: from } = resizeImage(image, g.width, g.height, s);
  const count = g.width * g.height;
  const bytes = spec.dtype === 'uint8';
  const out = bytes ? new Uint8Array(count * g.channels) : new Float32Array(count * g.channels);
  const order = g.channels === 1 ? [0] : s.channels === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  for (let c = 0; c < g.channels; c++) {
    const mean = s.mean[s.mean.length === 1 ? 0 : c]!;
    const std = s.std[s.std.length === 1 ? 0 : c]!;
    const step = g.layout === 'nchw' ? 1 : g.channels;
    let at = g.layout === 'nchw' ? c * count : c;
    for (let i = 0; i < count; i++, at += step) {
      const v = from === 1 ? pixels[i]! : g.channels === 1 ? luma(pixels, i * 3) : pixels[i * 3 + order[c]!]!;
      out[at] = bytes ? Math.round(v) : (v * s.scale - mean) / std;
    }
  }
  return { dtype: spec.dtype, shape: g.shape, bytes: new Uint8Array(out.buffer) };
}

/** What the network sees, as RGBA pixels: the input taken back through the settings. */
export function previewPixels(t: Tensor, g: ImageGeometry, s: ImageSettings): Uint8ClampedArray {
  const count = g.width * g.height;
  const out = new Uint8ClampedArray(count * 4).fill(255);
  const data = t.dtype === 'uint8' ? t.bytes : new Float32Array(t.bytes.slice().buffer);
  for (let c = 0; c < 3; c++) {
    const from = g.channels === 1 ? 0 : s.channels === 'bgr' ? 2 - c : c;
    const mean = s.mean[s.mean.length === 1 ? 0 : from]!;
    const std = s.std[s.std.length === 1 ? 0 : from]!;
    for (let i = 0; i < count; i++) {
      const v = data[g.layout === 'nchw' ? from * count + i : i * g.channels + from]!;
      out[i * 4 + c] = t.dtype === 'uint8' ? v : (v * std + mean) / s.scale;
    }
  }
  return out;
}
