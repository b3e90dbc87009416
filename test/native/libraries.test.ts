import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Tuner } from '../../native/napi/tuner.ts';
import { encodeLayerDesc } from '../../optimizer/engine/schema.ts';

/*
 * What a library computes is compared with our kernel before it is timed: the stand-in of cuBLASLt on the emulated GPU has two
 * algorithms, of which the second can be told to be wrong.
 */
const BUILD = join(process.cwd(), 'build/native');
const EMULATOR = join(BUILD, 'emulator');
const NAME = 'cublaslt:13.0.1:f32_matmul__42';
const FLOAT = 1;

const before = { ...process.env };
beforeEach(() => {
  process.env.SINTER_CUDA_PATH = EMULATOR;
  process.env.SINTER_EMULATED_WRONG = '1';
});
afterEach(() => {
  process.env = { ...before };
});

function product(): Uint8Array {
  const value = (dims: number[], more = {}) => ({
    name: '',
    dtype: FLOAT,
    shape: dims.map((d) => ({ kind: 0, value: d })),
    layout: '',
    ...more,
  });
  const layer = {
    name: '',
    op: 'MatMul',
    attrs: [],
    inputs: [0, 1],
    opInputs: 2,
    outputs: [2],
    device: '',
    tactic: '',
    workspace: 0,
    workspaceOffset: 0,
    stream: 0,
    sources: [],
  };
  return encodeLayerDesc({
    layer,
    values: [value([4, 16]), value([16, 8], { weight: 0 }), value([4, 8])],
    symbols: [],
  });
}

describe.skipIf(!existsSync(join(EMULATOR, 'libcublasLt.so.13')))('a library on the emulated GPU', () => {
  test('is timed where it computes what our kernel computes, and fails where it does not', async () => {
    const policy = { warmup: 1, least: 1, most: 2, budget: 1e6, hopeless: 100, rotation: 1024 };
    const request = { device: 'cuda:0', layer: product(), tactics: [NAME, `${NAME}.1`], threads: 1, policy };
    const [right, wrong] = await new Tuner(join(BUILD, 'sinter_tuner')).measure(request, new AbortController().signal);
    expect(right).toMatchObject({ tactic: NAME, ok: true });
    expect(wrong).toMatchObject({ tactic: `${NAME}.1`, ok: false });
    expect(wrong!.error).toContain('other numbers than our kernels');
  }, 120_000);
});
