import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy, writeNpy } from '../../../optimizer/calibration/data/npy.ts';
import type { Tensor } from '../../../optimizer/runtime.ts';

const PYTHON = '/usr/bin/python3';

/** Debian's python3-opencv, where it is installed. */
export function hasOpenCv(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import cv2'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What OpenCV computes for a Caffe pair or a frozen TensorFlow graph, for the named outputs. */
export function runOpenCv(
  kind: 'caffe' | 'tf',
  files: readonly string[],
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
): Tensor[] {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-opencv-'));
  try {
    const given = Object.entries(inputs).map(([name, t], i) => {
      const path = join(dir, `in${i}.npy`);
      writeNpy(path, t);
      return `${name}=${path}`;
    });
    const script = join(import.meta.dirname, 'opencv.py');
    execFileSync(PYTHON, [script, dir, ...given, '--', `--${kind}`, ...files, '--', ...outputs], { stdio: 'pipe' });
    return (outputs.length > 0 ? outputs : ['']).map((_, i) => readNpy(join(dir, `${i}.npy`)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
