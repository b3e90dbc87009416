import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepare } from '../../scripts/fuzz.mjs';

/*
 * A short, seeded part of `npm run fuzz`: damaged models of the ONNX project's cases, and damaged engines built from them, must
 * be refused with a sentence or run; none may crash or hang the process. Found before: sizes read from empty inputs,
 * sequences in sequences, spectra along another axis than declared, recurrent layers whose outputs are smaller than written.
 */
const SUITE = '/usr/share/libonnx-testdata/data/node';

test.skipIf(!existsSync(SUITE)).each([
  ['model', []],
  ['engine', ['--engines']],
])(
  'no damaged %s crashes or hangs the process',
  async (_, flags) => {
    const program = await prepare();
    const run = spawnSync(process.execPath, [program, '--suite', SUITE, '--seed', '1000', '--count', '250', ...flags], {
      encoding: 'utf8',
      env: { ...process.env, SINTER_ROOT: join(import.meta.dirname, '../..') },
    });
    expect(run.stdout.trim().split('\n').at(-1)).toMatch(/^250 attempts: .*; 0 faults$/);
  },
  120_000,
);
