import { existsSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { csvItems } from '../../../../optimizer/calibration/data/csv.ts';
import { kindOf, readFolder } from '../../../../optimizer/calibration/data/folder.ts';
import { IMAGE_EXTENSIONS } from '../../../../optimizer/calibration/data/image.ts';
import { openData } from '../../../../optimizer/calibration/data/open.ts';
import type { ImageSettings } from '../../../../optimizer/calibration/data/preprocess.ts';
import { DataError, type InputSpec, type SampleSource, spread } from '../../../../optimizer/calibration/data/source.ts';
import { DATA_TYPES } from '../../../../optimizer/ir/dtype.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import type { DataChoice } from '../../../ipc/schemas/precision.ts';

export type Sizes = Readonly<Record<string, number>>;

/**
 * The inputs that samples must fill, open dimensions given the sizes that the user chose. The first dimension stays open
 * unless `batch` says that it is to be the chosen size too, as in an engine.
 */
export function inputsWith(graph: Graph, sizes: Sizes, batch: boolean): InputSpec[] {
  return graph.inputs.flatMap((id) => {
    const { name, type, weight } = graph.value(id);
    if (weight) return [];
    const size = (d: unknown, i: number): number | null => {
      if (typeof d === 'number') return d;
      return typeof d === 'string' && (batch || i > 0) ? (sizes[d] ?? null) : null;
    };
    return [{ name, dtype: type.dtype, shape: (type.shape ?? []).map(size) }];
  });
}

export function imageSettingsOf({ image }: DataChoice): ImageSettings {
  const { shortestSide, size, layout, ...rest } = image;
  return {
    ...rest,
    ...(shortestSide === null ? {} : { shortestSide }),
    ...(size === null ? {} : { size }),
    ...(layout === null ? {} : { layout }),
  };
}

/** Opens the chosen samples. Throws DataError with one sentence. */
export async function openSource(data: DataChoice, inputs: readonly InputSpec[]): Promise<SampleSource> {
  for (const path of [data.path, data.labels])
    if (path !== null && !existsSync(path)) throw new DataError(`${path} does not exist; choose the data again`);
  const dtype = DATA_TYPES.find((t) => t === data.raw.dtype);
  const source = await openData(data.path, inputs, {
    image: imageSettingsOf(data),
    raw: { ...(dtype ? { dtype } : {}), ...(data.raw.shape ? { shape: data.raw.shape } : {}) },
    ...(data.labels === null ? {} : { labels: data.labels }),
  });
  return spread(source, data.samples ?? Number.POSITIVE_INFINITY);
}

/** Whether samples come from image files: only then the preprocessing settings apply. */
export function readsImages(path: string, inputs: readonly InputSpec[]): 'images' | 'idx' | null {
  const kind = statSync(path).isDirectory() ? readFolder(path).kind : kindOf(path);
  if (kind === 'idx') return 'idx';
  if (kind === 'image') return 'images';
  const isImage = (file: string): boolean => IMAGE_EXTENSIONS.has(extname(file).toLowerCase());
  return kind === 'csv' && csvItems(path, inputs)[0]?.files.some(isImage) ? 'images' : null;
}
