import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf } from '../../ir/tensor.ts';
import type { Tensor } from '../../runtime.ts';
import { ArrayFile, arraySource, divide } from './arrays.ts';
import { convertTo } from './convert.ts';
import { decodeImage, IMAGE_EXTENSIONS } from './image.ts';
import { forInputs, openNpz } from './npz.ts';
import { geometryOf, type ImageSettings, imageTensor } from './preprocess.ts';
import { DataError, fingerprintOf, type InputSpec, type Sample, type SampleSource, specText } from './source.ts';

/** What raw binaries hold; the input's own type and shape when absent. */
export interface RawSettings {
  readonly dtype?: DataType;
  readonly shape?: readonly number[];
}

export interface FileSettings {
  readonly image: ImageSettings;
  readonly raw: RawSettings;
}

export const RAW_EXTENSIONS: ReadonlySet<string> = new Set(['.bin', '.raw', '.dat']);

/** One sample: a file per input, or one .npz with an array per input. */
export interface FileItem {
  readonly id: string;
  readonly files: readonly string[];
  readonly label?: number;
}

/** A raw binary as an array of whole samples. Throws DataError when the size is no multiple of one. */
export async function rawArray(path: string, spec: InputSpec, raw: RawSettings, id: string): Promise<ArrayFile> {
  const dtype = raw.dtype ?? spec.dtype;
  const sizes = raw.shape ?? spec.shape.map((d, i) => d ?? (i === 0 ? 1 : 0));
  if (sizes.includes(0))
    throw new DataError(`input "${spec.name}" (${specText(spec.shape)}) leaves sizes open; say what shape ${id} has`);
  const sample = byteLength(dtype, countOf(sizes));
  const { size } = await stat(path);
  if (size === 0 || size % sample !== 0)
    throw new DataError(
      `${id} has ${size} bytes, which is no multiple of the ${sample} of ${dtype} ${specText(sizes)}`,
    );
  return new ArrayFile(path, dtype, [size / sample, ...sizes], 0);
}

/** Samples that are files of their own: images, .npy, .npz or raw binaries, also mixed between inputs. */
export function fileSource(
  items: readonly FileItem[],
  inputs: readonly InputSpec[],
  settings: FileSettings,
  description: string,
): SampleSource {
  const width = items[0]?.files.length ?? 0;
  const single = width === 1 && extname(items[0]!.files[0]!).toLowerCase() === '.npz';
  if (!single && width !== inputs.length)
    throw new DataError(
      `${description}: ${width} ${width === 1 ? 'file' : 'files'} per sample for the ${inputs.length} inputs ${inputs.map((i) => `"${i.name}"`).join(', ')}; use .npz files or a .csv with a column per input`,
    );
  // Settings that no image can satisfy are one error, not one per image.
  inputs.forEach((spec, i) => {
    if (!single && IMAGE_EXTENSIONS.has(extname(items[0]!.files[i]!).toLowerCase())) geometryOf(spec, settings.image);
  });
  return {
    description,
    length: items.length,
    labelled: items.every((i) => i.label !== undefined),
    fingerprint: fingerprintOf(
      items.map((i) => [i.id, i.label]),
      settings,
      inputs,
    ),
    read: async (index) => {
      const item = items[index]!;
      const tensors = single
        ? await readNpz(item, inputs)
        : Object.fromEntries(
            await Promise.all(
              inputs.map(
                async (spec, i) => [spec.name, await readOne(item.files[i]!, spec, settings, item.id)] as const,
              ),
            ),
          );
      return { id: item.id, inputs: tensors, ...(item.label === undefined ? {} : { label: item.label }) };
    },
    close: async () => {},
  };
}

async function readNpz(item: FileItem, inputs: readonly InputSpec[]): Promise<Sample['inputs']> {
  const npz = await openNpz(item.files[0]!);
  try {
    const source = arraySource(forInputs(npz.arrays, inputs), inputs, null, item.id);
    try {
      if (source.length !== 1) throw new DataError(`${item.id} holds ${source.length} samples where one is expected`);
      return (await source.read(0)).inputs;
    } finally {
      await source.close();
    }
  } finally {
    await npz.close();
  }
}

async function readOne(path: string, spec: InputSpec, settings: FileSettings, id: string): Promise<Tensor> {
  const extension = extname(path).toLowerCase();
  if (IMAGE_EXTENSIONS.has(extension)) {
    const geometry = geometryOf(spec, settings.image);
    return imageTensor(await decodeImage(path), geometry, spec, settings.image);
  }
  const file = extension === '.npy' ? ArrayFile.npy(path) : await rawArray(path, spec, settings.raw, id);
  try {
    const division = divide(file.shape, spec, id);
    if (division.count !== 1) throw new DataError(`${id} holds ${division.count} samples where one is expected`);
    return convertTo(spec.dtype, { ...(await file.rows(0, division.rows)), shape: division.shape }, id);
  } finally {
    await file.close();
  }
}
