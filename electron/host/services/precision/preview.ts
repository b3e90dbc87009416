import { checkSample } from '../../../../optimizer/calibration/data/batch.ts';
import { floatsOf } from '../../../../optimizer/calibration/data/convert.ts';
import {
  geometryOf,
  type ImageGeometry,
  type ImageSettings,
  previewPixels,
} from '../../../../optimizer/calibration/data/preprocess.ts';
import type { InputSpec, Sample, SampleSource } from '../../../../optimizer/calibration/data/source.ts';
import { toNumbers } from '../../../../optimizer/ir/tensor.ts';
import type { Tensor } from '../../../../optimizer/runtime.ts';
import type { SampleView } from '../../../ipc/schemas/precision.ts';

/** Longest side of a preview; larger inputs are thinned out. */
const SIDE = 256;

const numbersOf = (t: Tensor): ArrayLike<number> => (t.dtype === 'float32' ? floatsOf(t) : toNumbers(t));

function rangeOf(name: string, data: ArrayLike<number>, from = 0, step = 1, count = data.length) {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0, at = from; i < count; i++, at += step) {
    const x = data[at]!;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  const mean = sum / count;
  return [min, max, mean].every(Number.isFinite) ? [{ name, min, max, mean }] : [];
}

/** The geometry of an input that is an image; null for any other. */
function imageOf(spec: InputSpec, settings: ImageSettings): ImageGeometry | null {
  try {
    return geometryOf(spec, settings);
  } catch {
    return null;
  }
}

/** Every second, third … pixel, so that neither side is longer than SIDE. */
function thinned(width: number, height: number, pixels: Uint8ClampedArray): NonNullable<SampleView['image']> {
  const step = Math.ceil(Math.max(width, height) / SIDE);
  if (step === 1) return { width, height, pixels: new Uint8ClampedArray(pixels) };
  const [w, h] = [Math.floor(width / step), Math.floor(height / step)];
  const from = new Uint32Array(pixels.buffer);
  const to = Uint32Array.from({ length: w * h }, (_, i) => from[Math.floor(i / w) * step * width + (i % w) * step]!);
  return { width: w, height: h, pixels: new Uint8ClampedArray(to.buffer) };
}

/** Arrays that are shaped like images are shown from their least to their largest value. */
function stretched(data: ArrayLike<number>, settings: ImageSettings): ImageSettings {
  const [range] = rangeOf('', data);
  const span = range ? range.max - range.min : 0;
  return { ...settings, scale: 1 / 255, mean: [range?.min ?? 0], std: [span > 0 ? span : 1] };
}

function viewOf(
  index: number,
  sample: Sample,
  specs: readonly InputSpec[],
  s: ImageSettings,
  images: boolean,
): SampleView {
  const values: SampleView['values'] = [];
  let image: SampleView['image'] = null;
  for (const spec of specs) {
    const t = sample.inputs[spec.name]!;
    const data = numbersOf(t);
    const g = imageOf({ ...spec, shape: t.shape }, s);
    if (!g) {
      values.push(...rangeOf(spec.name, data));
      continue;
    }
    const settings = images ? s : stretched(data, s);
    const count = g.width * g.height;
    const names = g.channels === 1 ? ['grey'] : s.channels === 'bgr' ? ['B', 'G', 'R'] : ['R', 'G', 'B'];
    names.forEach((name, c) => {
      const planar = g.layout === 'nchw';
      values.push(...rangeOf(name, data, planar ? c * count : c, planar ? 1 : g.channels, count));
    });
    image ??= thinned(g.width, g.height, previewPixels(t, g, settings));
  }
  return { index, id: sample.id, label: sample.label ?? null, image, values, problem: null };
}

/** Reads one sample and shows it as the network sees it; what is wrong with it is part of the answer. */
export async function previewSample(
  source: SampleSource,
  index: number,
  specs: readonly InputSpec[],
  settings: ImageSettings,
  images: 'images' | 'idx' | null,
): Promise<SampleView> {
  const nothing = { index, id: `sample ${index}`, label: null, image: null, values: [] };
  try {
    const sample = await source.read(index);
    const grey: ImageSettings =
      images === 'idx' && settings.channels === 'rgb' ? { ...settings, channels: 'gray' } : settings;
    let problem: string | null = null;
    try {
      checkSample(sample, specs);
    } catch (e) {
      problem = e instanceof Error ? e.message : String(e);
    }
    return { ...viewOf(index, sample, specs, grey, images !== null), problem };
  } catch (e) {
    return { ...nothing, problem: e instanceof Error ? e.message : String(e) };
  }
}
