import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ArrayFile } from './arrays.ts';
import { geometryOf, type ImageSettings, imageTensor } from './preprocess.ts';
import { DataError, fingerprintOf, type InputSpec, type SampleSource } from './source.ts';

/*
 * IDX files, the form of MNIST and its relatives: two zero bytes, a type (8 = uint8), the number of axes, their sizes as
 * big-endian 32-bit integers, then the data. Often with gzip around.
 */

export const isIdxName = (name: string): boolean => /(\.idx\d|-idx\d)(-ubyte)?(\.gz)?$|-ubyte(\.gz)?$/.test(name);

async function openIdx(path: string, dir: string): Promise<ArrayFile> {
  let plain = path;
  const name = basename(path);
  if (path.endsWith('.gz')) {
    plain = join(dir, name.replace(/\.gz$/, ''));
    try {
      await pipeline(createReadStream(path), createGunzip(), createWriteStream(plain));
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) throw error;
      throw new DataError(`${name} is not gzip data, or is cut short`);
    }
  }
  const handle = await open(plain, 'r');
  try {
    const head = Buffer.alloc(4 + 4 * 8);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const rank = head[3]!;
    if (bytesRead < 4 || head.readUInt16BE(0) !== 0 || rank < 1 || rank > 8)
      throw new DataError(`${name} is not an IDX file`);
    if (head[2] !== 8)
      throw new DataError(`${name} holds values of IDX type ${head[2]}; unsigned bytes (8) are supported`);
    const shape = Array.from({ length: rank }, (_, i) => head.readUInt32BE(4 + 4 * i));
    return new ArrayFile(plain, 'uint8', shape, 4 + 4 * rank);
  } finally {
    await handle.close();
  }
}

/** Where MNIST and its relatives keep the labels of an image file. */
const labelsBeside = (path: string): string =>
  path.replace('images-idx3', 'labels-idx1').replace('images.idx3', 'labels.idx1');

/** Images of an IDX file, with the labels that lie beside it. */
export async function idxSource(
  path: string,
  inputs: readonly InputSpec[],
  settings: ImageSettings,
): Promise<SampleSource> {
  const name = basename(path);
  const spec = inputs[0];
  if (!spec || inputs.length > 1) throw new DataError(`${name} can feed one input, the model has ${inputs.length}`);
  const dir = await mkdtemp(join(tmpdir(), 'sinter-idx-'));
  const cleanUp = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const gray: ImageSettings = { ...settings, channels: settings.channels === 'rgb' ? 'gray' : settings.channels };
    const g = geometryOf(spec, gray);
    const images = await openIdx(path, dir);
    const [length = 0, height = 0, width = 0] = images.shape;
    if (images.shape.length !== 3)
      throw new DataError(`${name} holds no images: it has ${images.shape.length} axes, not 3`);
    const beside = labelsBeside(path);
    let labels: Uint8Array | null = null;
    if (beside !== path && existsSync(beside)) {
      const file = await openIdx(beside, dir);
      labels = (await file.rows(0, file.shape[0] ?? 0)).bytes;
      await file.close();
      if (labels.length < length)
        throw new DataError(`${basename(beside)} has ${labels.length} labels for ${length} images`);
    }
    return {
      description: `${length} images in ${name}`,
      length,
      labelled: labels !== null,
      fingerprint: fingerprintOf('idx', name, length, gray, g),
      read: async (index) => {
        const { bytes } = await images.rows(index, 1);
        const tensor = imageTensor({ width, height, channels: 1, pixels: bytes }, g, spec, gray);
        return {
          id: `${name}[${index}]`,
          inputs: { [spec.name]: tensor },
          ...(labels ? { label: labels[index]! } : {}),
        };
      },
      close: async () => {
        await images.close();
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
