// Makes the bench networks at full size, outside the repository: real topologies, seeded random weights.
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { settings } from './modelzoo/builder.mjs';
import { NETWORKS } from './modelzoo/index.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    dir: { type: 'string' },
    batch: { type: 'string', default: '1' },
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run models [-- --only NAME]… [--dir DIR] [--batch N] [--force]
Makes these models (those that exist already are kept, unless --force): ${Object.keys(NETWORKS).join(', ')}
Environment: SINTER_MODELS, XDG_CACHE_HOME.`);
  process.exit(0);
}
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const dir = values.dir ?? process.env.SINTER_MODELS ?? path.join(cache, 'sinter-studio', 'models');
const names = values.only?.flatMap((n) => n.split(',')) ?? Object.keys(NETWORKS);
const unknown = names.filter((n) => !(n in NETWORKS));
if (unknown.length > 0) {
  console.error(`There is no model ${unknown.join(', ')}; models are ${Object.keys(NETWORKS).join(', ')}.`);
  process.exit(2);
}
settings.batch = Number(values.batch);
if (!Number.isInteger(settings.batch) || settings.batch < 1) {
  console.error(`--batch ${values.batch}: give a number of samples`);
  process.exit(2);
}
mkdirSync(dir, { recursive: true });
for (const name of names) {
  const file = path.join(dir, settings.batch === 1 ? `${name}.onnx` : `${name}.b${settings.batch}.onnx`);
  if (existsSync(file) && !values.force) {
    console.log(`${file} is there already`);
    continue;
  }
  const start = performance.now();
  const bytes = NETWORKS[name]().write(file);
  console.log(`${file}: ${(bytes / 1e6).toFixed(1)} MB in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
