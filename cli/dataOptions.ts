import { statSync } from 'node:fs';
import { DEFAULT_SETTINGS, openData, type SourceSettings } from '../optimizer/calibration/data/open.ts';
import { type InputSpec, type SampleSource, spread } from '../optimizer/calibration/data/source.ts';
import { DATA_TYPES, type DataType } from '../optimizer/ir/dtype.ts';
import { UsageError } from './exit.ts';
import { parseCount } from './options.ts';

/** The options of every command that reads samples; dataFlags.ts declares them. */
export interface DataFlags {
  data: string;
  samples?: string;
  labels?: string;
  mean?: string;
  std?: string;
  scale?: string;
  layout?: string;
  resize?: string;
  shortestSide?: string;
  size?: string;
  channels?: string;
  rawDtype?: string;
  rawShape?: string;
}

function choice<T extends string>(option: string, text: string, values: readonly T[]): T {
  const found = values.find((v) => v === text);
  if (!found) throw new UsageError(`${option} ${text}: give ${values.join(', ')}`);
  return found;
}

function numbers(option: string, text: string): number[] {
  const list = text.split(',').map((part) => {
    const [a, b] = part.split('/').map(Number);
    return part.trim() === '' ? Number.NaN : part.includes('/') ? a! / b! : a!;
  });
  if (list.some((x) => !Number.isFinite(x)))
    throw new UsageError(`${option} ${text}: give numbers separated by commas`);
  return list;
}

function dims(option: string, text: string): number[] {
  const list = text.split(/[x×,]/).map(Number);
  if (list.some((d) => !Number.isInteger(d) || d < 1))
    throw new UsageError(`${option} ${text}: give whole numbers separated by x, e.g. 320x240`);
  return list;
}

export function parseDataSettings(f: DataFlags): SourceSettings {
  const size = f.size === undefined ? null : dims('--size', f.size);
  if (size && size.length !== 2) throw new UsageError(`--size ${f.size}: give WIDTHxHEIGHT`);
  const scale = f.scale === undefined ? undefined : numbers('--scale', f.scale)[0]!;
  const image = {
    ...DEFAULT_SETTINGS.image,
    ...(f.mean === undefined ? {} : { mean: numbers('--mean', f.mean) }),
    ...(f.std === undefined ? {} : { std: numbers('--std', f.std) }),
    ...(scale === undefined ? {} : { scale }),
    ...(f.layout === undefined ? {} : { layout: choice('--layout', f.layout, ['nchw', 'nhwc']) }),
    ...(f.resize === undefined ? {} : { resize: choice('--resize', f.resize, ['stretch', 'crop', 'pad']) }),
    ...(f.shortestSide === undefined ? {} : { shortestSide: parseCount('--shortest-side', f.shortestSide, 1) }),
    ...(size ? { size: [size[0]!, size[1]!] as const } : {}),
    ...(f.channels === undefined ? {} : { channels: choice('--channels', f.channels, ['rgb', 'bgr', 'gray']) }),
  };
  const raw = {
    ...(f.rawDtype === undefined ? {} : { dtype: choice<DataType>('--raw-dtype', f.rawDtype, DATA_TYPES) }),
    ...(f.rawShape === undefined ? {} : { shape: dims('--raw-shape', f.rawShape) }),
  };
  return { image, raw, ...(f.labels === undefined ? {} : { labels: f.labels }) };
}

/** Opens the data that the flags name, limited to --samples. */
export async function openSamples(f: DataFlags, inputs: readonly InputSpec[]): Promise<SampleSource> {
  const settings = parseDataSettings(f);
  const count = f.samples === undefined ? Number.POSITIVE_INFINITY : parseCount('--samples', f.samples, 1);
  // A missing path is named as it was given.
  statSync(f.data);
  return spread(await openData(f.data, inputs, settings), count);
}
