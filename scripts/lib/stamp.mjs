import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** Hash of names, sizes and modification times of everything below `inputs`: cheap enough to ask at every start. */
function fingerprint(inputs) {
  const hash = createHash('sha256');
  const visit = (p) => {
    if (!existsSync(p)) return;
    const s = statSync(p);
    if (s.isDirectory()) for (const name of readdirSync(p).sort()) visit(path.join(p, name));
    else hash.update(`${path.relative(ROOT, p)}:${s.size}:${s.mtimeMs};`);
  };
  for (const i of inputs) visit(path.join(ROOT, i));
  return hash.digest('hex');
}

/** Runs `make` unless `inputs` are as they were when it last succeeded and `output` is still there. */
export async function whenChanged(name, inputs, output, make) {
  const stamp = path.join(ROOT, 'dist', `.${name}.stamp`);
  const now = fingerprint(inputs);
  if (existsSync(path.join(ROOT, output)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return false;
  await make();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
  return true;
}
