import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sample, scratch } from './make.ts';
import { importOrRefuse, random } from './refuse.ts';

const dir = scratch();

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
