// Random images for calibration: the networks are untrained, only the arithmetic is of interest.
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Writes eight images as .npy and returns the file's path. */
export function samplesFile(dir) {
  const file = path.join(dir, 'samples.npy');
  const shape = [8, 3, 224, 224];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const data = new Float32Array(shape.reduce((a, b) => a * b));
  let state = 12345;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    data[i] = (state / 2 ** 32) * 2 - 1;
  }
  const fd = openSync(file, 'w');
  const lead = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  for (const part of [lead, Buffer.from(padded), Buffer.from(data.buffer)]) writeSync(fd, part);
  closeSync(fd);
  return file;
}
