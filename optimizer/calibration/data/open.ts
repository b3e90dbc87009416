import { statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { ArrayFile, arraySource } from './arrays.ts';
import { csvItems } from './csv.ts';
import { type FileItem, type FileSettings, fileSource, rawArray } from './files.ts';
import { kindOf, readFolder } from './folder.ts';
import { idxSource } from './idx.ts';
import { type Labels, labelList, readLabels } from './labels.ts';
import { forInputs, openNpz } from './npz.ts';
import { DEFAULT_IMAGE_SETTINGS } from './preprocess.ts';
import { DataError, fingerprintOf, type InputSpec, type SampleSource } from './source.ts';

export interface SourceSettings extends FileSettings {
  /** File with labels (labels.ts); replaces what the data itself says. */
  readonly labels?: string;
}

export const DEFAULT_SETTINGS: SourceSettings = { image: DEFAULT_IMAGE_SETTINGS, raw: {} };

/**
 * Opens calibration or test data: a folder of images (subfolders are classes), .npy, .npz or raw files; one .npy or .npz with
 * samples along axis 0; a raw binary; a .csv of paths; an IDX file. Throws DataError with one sentence.
 */
export async function openData(
  path: string,
  inputs: readonly InputSpec[],
  settings: SourceSettings = DEFAULT_SETTINGS,
): Promise<SampleSource> {
  const labels = settings.labels === undefined ? null : readLabels(settings.labels);
  const source = await open(path, inputs, settings, labels);
  if (source.length === 0) {
    await source.close();
    throw new DataError(`${basename(path)} holds no samples`);
  }
  return labels ? relabelled(source, labels, basename(settings.labels!)) : source;
}

const LABEL_NAMES = ['label', 'labels', 'y'];

async function open(
  path: string,
  inputs: readonly InputSpec[],
  settings: SourceSettings,
  labels: Labels | null,
): Promise<SampleSource> {
  const name = basename(path);
  const one = (): InputSpec => {
    if (inputs.length === 1) return inputs[0]!;
    throw new DataError(
      `${name} can feed one input, the model has ${inputs.map((i) => `"${i.name}"`).join(', ')}; use .npz or a .csv`,
    );
  };
  if (statSync(path).isDirectory()) {
    const { kind, items } = readFolder(path);
    if (kind === 'idx') return idxSource(imagesOf(items, name), inputs, settings.image);
    if (items.length === 1 && kind !== 'image') return open(items[0]!.files[0]!, inputs, settings, labels);
    return fileSource(
      items,
      inputs,
      settings,
      `${items.length} ${kind === 'image' ? 'images' : `${kind} files`} in ${name}`,
    );
  }
  switch (kindOf(name)) {
    case 'image':
      return fileSource([{ id: name, files: [path] }], inputs, settings, name);
    case 'csv': {
      const items = csvItems(path, inputs);
      return fileSource(items, inputs, settings, `${items.length} samples listed in ${name}`);
    }
    case 'idx':
      return idxSource(path, inputs, settings.image);
    case 'npy':
      return arraySource(new Map([[one().name, ArrayFile.npy(path)]]), inputs, null, name);
    case 'raw':
      return arraySource(new Map([[one().name, await rawArray(path, one(), settings.raw, name)]]), inputs, null, name);
    case 'npz': {
      const npz = await openNpz(path);
      try {
        const isInput = (key: string): boolean => inputs.some((i) => i.name === key);
        const key = LABEL_NAMES.find((l) => npz.arrays.has(l) && !isInput(l));
        const file = key === undefined ? undefined : npz.arrays.get(key);
        const list = file ? labelList(await file.rows(0, file.shape[0] ?? 0), `${key} in ${name}`) : null;
        await file?.close();
        const data = new Map([...npz.arrays].filter(([k]) => k !== key));
        return arraySource(forInputs(data, inputs), inputs, list, name, npz.close);
      } catch (error) {
        await npz.close();
        throw error;
      }
    }
    default:
      throw new DataError(
        `${name} is not data that can be read: give a folder, images, .npy, .npz, .csv, .bin or IDX (${extname(name) || 'no ending'} is none of these)`,
      );
  }
}

/** The one image file of a folder of IDX files. */
function imagesOf(items: readonly FileItem[], name: string): string {
  const images = items.filter((i) => i.id.includes('images'));
  if (images.length === 1) return images[0]!.files[0]!;
  throw new DataError(
    images.length === 0
      ? `${name} holds IDX files, but none called images`
      : `${name} holds ${images.map((i) => i.id).join(' and ')}; give the path of one of them`,
  );
}

function relabelled(source: SampleSource, labels: Labels, file: string): SampleSource {
  if (labels.list && labels.list.length < source.length)
    throw new DataError(`${file} has ${labels.list.length} labels for the ${source.length} samples`);
  return {
    description: source.description,
    length: source.length,
    labelled: true,
    fingerprint: fingerprintOf(source.fingerprint, 'labels'),
    read: async (index) => {
      const { label: _own, ...sample } = await source.read(index);
      const label = labels.list
        ? labels.list[index]
        : (labels.byName?.get(sample.id) ?? labels.byName?.get(basename(sample.id)));
      if (label === undefined) throw new DataError(`${file} has no label for ${sample.id}`);
      return { ...sample, label };
    },
    close: () => source.close(),
  };
}
