// Makes bench networks in the background, one process each: "resnet50:32" → a promise of its file.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../models.mjs');

export function makeModels(names, dir) {
  mkdirSync(dir, { recursive: true });
  const make = (name) => {
    const [model, batch] = name.split(':');
    const file = path.join(dir, batch === '1' ? `${model}.onnx` : `${model}.b${batch}.onnx`);
    const child = spawn(process.execPath, [script, '--only', model, '--batch', batch, '--dir', dir], {
      stdio: 'ignore',
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve(file) : reject(new Error(`${name} could not be made`))));
    });
  };
  return new Map(names.map((n) => [n, make(n)]));
}
