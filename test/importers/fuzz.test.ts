import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImportError, importModel } from '../../optimizer/importers/index.ts';
import { sample, scratch } from './make.ts';

const dir = scratch();

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Either a model comes out, or an ImportError with one sentence; nothing else is thrown, and nothing hangs. */
async function importOrRefuse(path: string): Promise<boolean> {
  try {
    await importModel(path);
    return true;
  } catch (e) {
    expect(e).toBeInstanceOf(ImportError);
    if (e instanceof ImportError) {
      expect(e.message.trim()).toMatch(/^[^\n]+\.$/);
      // Surprises (`cause`) would be bugs of the importer, not properties of the file.
      expect(e.cause, `${e.message} ${e.cause instanceof Error ? e.cause.stack : ''}`).toBeUndefined();
    }
    return false;
  }
}

describe.each(['dynamic-conv', 'tiny-googlenet', 'tiny-transformer'])('damaged copies of %s', (name) => {
  const whole = readFileSync(sample(name));
  // Structure lies at the beginning and the end of these files; weights in between.
  const structure = Math.min(6000, whole.length);

  it('cut off anywhere', async () => {
    const draw = random(1);
    for (let i = 0; i < 60; i++) {
      const path = join(dir, 'cut.onnx');
      writeFileSync(path, whole.subarray(0, Math.floor(draw() * whole.length)));
      expect(await importOrRefuse(path)).toBe(false);
    }
  });

  it('with single bytes changed', async () => {
    const draw = random(2);
    let opened = 0;
    for (let i = 0; i < 250; i++) {
      const bytes = Uint8Array.from(whole);
      const at = draw() < 0.7 ? Math.floor(draw() * structure) : whole.length - 1 - Math.floor(draw() * 400);
      bytes[at] = Math.floor(draw() * 256);
      const path = join(dir, 'byte.onnx');
      writeFileSync(path, bytes);
      if (await importOrRefuse(path)) opened++;
    }
    expect(opened).toBeGreaterThan(0);
  });

  it('with pieces copied, removed and filled with noise', async () => {
    const draw = random(3);
    for (let i = 0; i < 120; i++) {
      const at = Math.floor(draw() * structure);
      const n = Math.floor(draw() * 60);
      const parts = [
        [whole.subarray(0, at), whole.subarray(at + n)],
        [whole.subarray(0, at + n), whole.subarray(at)],
        [whole.subarray(0, at), Uint8Array.from({ length: n }, () => Math.floor(draw() * 256)), whole.subarray(at + n)],
      ][i % 3]!;
      const path = join(dir, 'piece.onnx');
      writeFileSync(path, Buffer.concat(parts));
      await importOrRefuse(path);
    }
  });
});

it('refuses noise of any length', async () => {
  const draw = random(4);
  for (let i = 0; i < 200; i++) {
    const path = join(dir, 'noise.onnx');
    writeFileSync(
      path,
      Uint8Array.from({ length: 1 + Math.floor(draw() * 400) }, () => Math.floor(draw() * 256)),
    );
    expect(await importOrRefuse(path)).toBe(false);
  }
});
