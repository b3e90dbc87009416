import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatsOf } from '../../optimizer/calibration/data/convert.ts';
import { scaledSize } from '../../optimizer/calibration/data/image.ts';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { DEFAULT_SETTINGS, openData, type SourceSettings } from '../../optimizer/calibration/data/open.ts';
import {
  DEFAULT_IMAGE_SETTINGS,
  geometryOf,
  type ImageSettings,
  previewPixels,
} from '../../optimizer/calibration/data/preprocess.ts';
import { DataError, type InputSpec, spread } from '../../optimizer/calibration/data/source.ts';
import type { Tensor } from '../../optimizer/runtime.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-data-'));
const at = (...parts: string[]): string => join(dir, ...parts);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const floats = (shape: number[], data: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(Float32Array.from(data).buffer),
});
const upTo = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);
const spec = (name: string, ...shape: (number | null)[]): InputSpec => ({ name, dtype: 'float32', shape });
const image = (change: Partial<ImageSettings>): SourceSettings => ({
  ...DEFAULT_SETTINGS,
  image: { ...DEFAULT_IMAGE_SETTINGS, ...change },
});

/** A 4×2 picture: the left half red (200, 10, 20), the right half (0, 100, 250). */
const PIXELS = [200, 10, 20, 200, 10, 20, 0, 100, 250, 0, 100, 250];
const picture = (): Buffer => Buffer.from([...PIXELS, ...PIXELS]);

async function read(path: string, inputs: InputSpec[], settings?: SourceSettings) {
  const source = await openData(path, inputs, settings);
  const samples = [];
  for (let i = 0; i < source.length; i++) samples.push(await source.read(i));
  await source.close();
  return { source, samples };
}

beforeAll(async () => {
  for (const sub of ['photos/cat', 'photos/dog', 'empty', 'mixed', 'arrays']) mkdirSync(at(sub), { recursive: true });
  const png = await sharp(picture(), { raw: { width: 4, height: 2, channels: 3 } })
    .png()
    .toBuffer();
  for (const name of ['cat/1.png', 'cat/2.png', 'dog/1.png']) writeFileSync(at('photos', name), png);
  writeFileSync(at('photos/dog/broken.png'), png.subarray(0, 60));
  writeFileSync(at('mixed/a.png'), png);
  writeNpy(at('mixed/b.npy'), floats([1], [1]));
  writeNpy(at('three.npy'), floats([3, 2, 2], upTo(12)));
  for (const i of [0, 1]) writeNpy(at(`arrays/${i}.npy`), floats([1, 2, 2], upTo(4, 10 * i)));
});

describe('arrays', () => {
  it('reads samples along axis 0 of a .npy, and a folder of .npy', async () => {
    const { source, samples } = await read(at('three.npy'), [spec('x', 1, 2, 2)]);
    expect(source).toMatchObject({ length: 3, labelled: false, description: '3 samples in three.npy' });
    expect(samples.map((s) => s.id)).toEqual(['three.npy[0]', 'three.npy[1]', 'three.npy[2]']);
    expect(samples[1]!.inputs.x!.shape).toEqual([1, 2, 2]);
    expect([...floatsOf(samples[1]!.inputs.x!)]).toEqual([4, 5, 6, 7]);
    const folder = await read(at('arrays'), [spec('x', null, 2, 2)]);
    expect(folder.samples.map((s) => [...floatsOf(s.inputs.x!)])).toEqual([upTo(4), upTo(4, 10)]);
  });

  it('takes [K, …input], a fixed first axis, and float64', async () => {
    const { samples } = await read(at('three.npy'), [spec('x', 2, 2)]);
    expect(samples.map((s) => s.inputs.x!.shape)).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    const bytes = new Uint8Array(Float64Array.from([0.5, 1.5]).buffer);
    writeNpy(at('f64.npy'), { dtype: 'float64', shape: [2, 1], bytes });
    const doubles = await read(at('f64.npy'), [spec('x', 1, 1)]);
    expect(doubles.samples.map((s) => floatsOf(s.inputs.x!)[0])).toEqual([0.5, 1.5]);
  });

  it('reads several inputs and labels from a .npz, compressed or not', async () => {
    const npy = (name: string, t: Tensor): Uint8Array => {
      writeNpy(at(name), t);
      return new Uint8Array(readFileSync(at(name)));
    };
    const y: Tensor = { dtype: 'int64', shape: [2], bytes: new Uint8Array(BigInt64Array.from([3n, 1n]).buffer) };
    for (const level of [0, 6] as const) {
      const files = {
        'a.npy': npy('t.npy', floats([2, 2], [1, 2, 3, 4])),
        'b.npy': npy('t.npy', floats([2, 1], [5, 6])),
        'y.npy': npy('t.npy', y),
      };
      writeFileSync(at('two.npz'), zipSync(files, { level }));
      const { samples } = await read(at('two.npz'), [spec('a', 1, 2), spec('b', 1, 1)]);
      expect(samples.map((s) => s.label)).toEqual([3, 1]);
      expect(samples.map((s) => [...floatsOf(s.inputs.a!), ...floatsOf(s.inputs.b!)])).toEqual([
        [1, 2, 5],
        [3, 4, 6],
      ]);
    }
    await expect(openData(at('two.npz'), [spec('c', 1, 2)])).rejects.toThrow(/no data for input "c"; it has a, b/);
    mkdirSync(at('npzs'), { recursive: true });
    for (const i of [0, 1]) {
      const arr = npy('t.npy', floats([1, 2], [i, 5]));
      writeFileSync(at(`npzs/${i}.npz`), zipSync({ 'arr_0.npy': arr }));
    }
    const folder = await read(at('npzs'), [spec('x', 1, 2)]);
    expect(folder.samples.map((s) => [...floatsOf(s.inputs.x!)])).toEqual([
      [0, 5],
      [1, 5],
    ]);
    writeFileSync(at('bad.npz'), 'PK, but no zip');
    await expect(openData(at('bad.npz'), [spec('a', 1)])).rejects.toThrow(/bad\.npz cannot be read as \.npz/);
  });

  it('reads raw binaries of the input or of a given type and shape', async () => {
    writeFileSync(at('r.bin'), new Uint8Array(Float32Array.from(upTo(6)).buffer));
    const { samples } = await read(at('r.bin'), [spec('x', 1, 3)]);
    expect(samples.map((s) => [...floatsOf(s.inputs.x!)])).toEqual([upTo(3), upTo(3, 3)]);
    const raw = { dtype: 'uint8', shape: [1, 12] } as const;
    const bytes = await read(at('r.bin'), [spec('x', 1, 12)], { ...DEFAULT_SETTINGS, raw });
    expect(bytes.samples).toHaveLength(2);
    await expect(openData(at('r.bin'), [spec('x', 1, 5)])).rejects.toThrow(/24 bytes.*no multiple of the 20/);
  });

  it('lists paths and labels in a .csv', async () => {
    writeFileSync(at('list.csv'), 'label,x\n7,arrays/1.npy\n2,"arrays/0.npy"\n');
    const { samples } = await read(at('list.csv'), [spec('x', 1, 2, 2)]);
    expect(samples.map((s) => s.label)).toEqual([7, 2]);
    expect(floatsOf(samples[0]!.inputs.x!)[0]).toBe(10);
    writeFileSync(at('pair.csv'), 'arrays/1.npy,arrays/0.npy,4\n');
    const pair = await read(at('pair.csv'), [spec('a', 1, 2, 2), spec('b', 1, 2, 2)]);
    expect(pair.samples[0]).toMatchObject({ label: 4 });
    expect(floatsOf(pair.samples[0]!.inputs.b!)[1]).toBe(1);
    writeFileSync(at('wrong.csv'), 'x,label\narrays/0.npy,cat\n');
    await expect(openData(at('wrong.csv'), [spec('x', 1, 2, 2)])).rejects.toThrow(/row 2.*"cat" is not a whole number/);
  });
});

describe('images', () => {
  it('labels by folder, keeps the order, and goes on after a broken file', async () => {
    const source = await openData(at('photos'), [spec('x', 1, 3, 2, 4)]);
    expect(source).toMatchObject({ length: 4, labelled: true, description: '4 images in photos' });
    const labels = [];
    for (const i of [0, 1, 2]) labels.push((await source.read(i)).label);
    expect(labels).toEqual([0, 0, 1]);
    await expect(source.read(3)).rejects.toThrow(DataError);
    await expect(source.read(3)).rejects.toThrow(/broken\.png cannot be read as an image/);
  });

  it('puts channels, mean and standard deviation where the model wants them', async () => {
    const first = async (inputs: InputSpec[], s: SourceSettings) =>
      floatsOf((await (await openData(at('photos'), inputs, s)).read(0)).inputs.x!);
    const plain = await first([spec('x', 1, 3, 2, 4)], image({ scale: 1 }));
    expect([...plain.subarray(0, 4)]).toEqual([200, 200, 0, 0]);
    expect([...plain.subarray(16, 20)]).toEqual([20, 20, 250, 250]);
    const bgr = await first(
      [spec('x', null, 2, 4, 3)],
      image({ scale: 1, channels: 'bgr', mean: [20, 10, 200], std: [1, 2, 4] }),
    );
    expect([...bgr.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect([...bgr.subarray(6, 9)]).toEqual([230, 45, -50]);
    const gray = await first([spec('x', 1, 1, 2, 4)], image({}));
    expect(gray[0]).toBeCloseTo((0.299 * 200 + 0.587 * 10 + 0.114 * 20) / 255, 6);
  });

  it('stretches, crops and pads', async () => {
    const read1 = async (resize: ImageSettings['resize'], w: number, h: number, shortestSide?: number) => {
      const s = image({ scale: 1, resize, ...(shortestSide ? { shortestSide } : {}) });
      return [...floatsOf((await (await openData(at('photos'), [spec('x', 1, 3, h, w)], s)).read(0)).inputs.x!)];
    };
    expect((await read1('crop', 2, 2, 2)).slice(0, 4)).toEqual([200, 0, 200, 0]);
    expect((await read1('pad', 4, 4)).slice(0, 8)).toEqual([0, 0, 0, 0, 200, 200, 0, 0]);
    const stretched = await read1('stretch', 2, 2);
    expect(stretched[0]).toBeGreaterThan(stretched[1]!);
    const size = { width: 500, height: 375 };
    expect(scaledSize(size, 224, 224, { resize: 'crop' })).toEqual({ width: 341, height: 256 });
    expect(scaledSize(size, 224, 224, { resize: 'pad' })).toEqual({ width: 224, height: 168 });
  });

  it('previews what the network sees', async () => {
    const settings = image({ channels: 'bgr', mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] });
    const input = spec('x', 1, 3, 2, 4);
    const { samples } = await read(at('photos/cat'), [input], settings);
    const rgba = previewPixels(samples[0]!.inputs.x!, geometryOf(input, settings.image), settings.image);
    expect([...rgba.subarray(0, 4)]).toEqual([200, 10, 20, 255]);
    expect([...rgba.subarray(12, 16)]).toEqual([0, 100, 250, 255]);
  });

  it('reads IDX files with the labels beside them', async () => {
    mkdirSync(at('idx'), { recursive: true });
    const u32 = (...v: number[]): Buffer => Buffer.concat(v.map((x) => Buffer.from([x >> 24, x >> 16, x >> 8, x])));
    const images = Buffer.concat([u32(0x803, 2, 2, 3), Buffer.from(upTo(12))]);
    writeFileSync(at('idx/t10k-images-idx3-ubyte.gz'), gzipSync(images));
    writeFileSync(at('idx/t10k-labels-idx1-ubyte.gz'), gzipSync(Buffer.concat([u32(0x801, 2), Buffer.from([9, 4])])));
    const { samples, source } = await read(at('idx'), [spec('x', null, 1, 2, 3)], image({ scale: 1 }));
    expect(source.labelled).toBe(true);
    expect(samples.map((s) => s.label)).toEqual([9, 4]);
    expect([...floatsOf(samples[1]!.inputs.x!)]).toEqual(upTo(6, 6));
    expect(samples[1]!.inputs.x!.shape).toEqual([1, 1, 2, 3]);
  });

  it('takes labels from a file, by position or by name', async () => {
    writeFileSync(at('l.txt'), '5\n6\n7\n');
    const { samples } = await read(at('three.npy'), [spec('x', 1, 2, 2)], { ...DEFAULT_SETTINGS, labels: at('l.txt') });
    expect(samples.map((s) => s.label)).toEqual([5, 6, 7]);
    writeFileSync(at('n.txt'), '1.png 3\n2.png,8\n');
    const named = await read(at('photos/cat'), [spec('x', 1, 3, 2, 4)], { ...DEFAULT_SETTINGS, labels: at('n.txt') });
    expect(named.samples.map((s) => s.label)).toEqual([3, 8]);
  });
});

describe('bad data', () => {
  it.each([
    ['an empty folder', 'empty', [spec('x', 1)], /empty holds no samples/],
    ['two kinds of files', 'mixed', [spec('x', 1)], /mixes 1 image and 1 npy/],
    ['a wrong shape', 'three.npy', [spec('x', 1, 5, 5)], /shape 3×2×2, input "x" wants 1×5×5/],
    ['one file for two inputs', 'three.npy', [spec('a', 1), spec('b', 1)], /can feed one input/],
    ['no image input', 'photos', [spec('x', 1, 10)], /is not an image/],
    ['an open size', 'photos', [spec('x', 1, 3, null, null)], /leaves the image's size open/],
    ['unknown files', 'l.txt', [spec('x', 1)], /l\.txt is not data/],
  ] as const)('%s is one sentence', async (_, path, inputs, why) => {
    if (path === 'l.txt') writeFileSync(at('l.txt'), '1\n');
    await expect(openData(at(path), inputs)).rejects.toThrow(why);
  });

  it('arrays that declare more than there is, or more than can be read at once, are cut short', async () => {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(0x803, 0);
    [1, 60_000, 60_000].forEach((n, i) => header.writeUInt32BE(n, 4 + 4 * i));
    writeFileSync(at('far-idx3-ubyte'), Buffer.concat([header, Buffer.alloc(100)]));
    const far = await openData(at('far-idx3-ubyte'), [spec('x', 1, 1, 4, 4)]);
    await expect(far.read(0)).rejects.toThrow(/far-idx3-ubyte is cut short at row 0/);
    await far.close();
    const npy = readFileSync(at('three.npy'));
    writeFileSync(at('odd.npy'), Buffer.from(npy.toString('latin1').replace('(3, 2, 2)', '(-3,2, 2)'), 'latin1'));
    await expect(openData(at('odd.npy'), [spec('x', 1, 2, 2)])).rejects.toThrow(/odd\.npy has a damaged \.npy header/);
  });

  it('spreads a limited number of samples over all classes', async () => {
    const source = spread(await openData(at('three.npy'), [spec('x', 1, 2, 2)]), 2);
    expect([(await source.read(0)).id, (await source.read(1)).id]).toEqual(['three.npy[0]', 'three.npy[1]']);
    expect(source.length).toBe(2);
  });
});
