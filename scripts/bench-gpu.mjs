// Builds, checks against the CPU engine, and times the networks of docs/benchmarks.md on a GPU, PyTorch and TensorRT beside them.
// `npm run bench:gpu`, or on a machine without this checkout's tools: scripts/gpu/pack.mjs makes a folder to carry there.
// First engines are built, several at a time: they compile side by side and time their tactics in turns. Then everything that
// the table shows is timed one after the other, with nothing else running.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeModels } from './gpu/bench/models.mjs';
import { readOptions } from './gpu/bench/options.mjs';
import { tensorrt, torch } from './gpu/bench/others.mjs';
import { buildAgain, buildRow, timeRow } from './gpu/bench/rows.mjs';
import { sinter } from './gpu/bench/sinter.mjs';
import { builtText, timedText } from './gpu/bench/text.mjs';

const options = readOptions();
const started = performance.now();
const left = () => Number(options.seconds) - (performance.now() - started) / 1000;
const say = (text) => console.log(`${text}; ${Math.max(0, left()).toFixed(0)} s left`);
mkdirSync(options.out, { recursive: true });
rmSync(path.join(options.dir, 'kernels'), { recursive: true, force: true });

const device = (await sinter(['devices', '--json'])).json?.devices.find((d) => d.id === options.device);
if (!device) {
  console.error(`There is no device ${options.device}; \`sinter devices\` says why.`);
  process.exit(1);
}
say(`${device.name}, ${device.features.join(', ')}: ${options.rows.length} rows`);
const models = makeModels([...new Set(options.rows.map((r) => `${r.model}:${r.batch}`))], options.dir);
const modelOf = (r) => models.get(`${r.model}:${r.batch}`);

/** A row's times take about two seconds, the first row's second build three. */
const timingSeconds = (count) => 2 * count + 3;
const torchSeconds = Number(options.torch);
const built = new Map();
const queue = [...options.rows];
async function lane() {
  while (queue.length > 0 && left() > timingSeconds(built.size + options.lanes) + torchSeconds + 15) {
    const row = queue.shift();
    const result = await buildRow(row, options, await modelOf(row), left);
    built.set(row.name, result);
    say(`[${built.size}/${options.rows.length}] ${builtText(result)}`);
  }
}
await Promise.all(Array.from({ length: options.lanes }, lane));
for (const row of queue) console.log(`no time left for ${row.model} b${row.batch} ${row.precision}`);

const rows = [];
for (const row of options.rows) {
  let result = built.get(row.name);
  if (!result) continue;
  if (result.layers !== undefined) result = await timeRow(result, options);
  if (rows.length === 0 && result.median !== undefined) result = await buildAgain(result, options, await modelOf(row));
  rows.push(result);
  console.log(timedText(result));
  writeFileSync(path.join(options.out, 'rows.json'), JSON.stringify({ device, rows }, null, 1));
}
say('engines are timed');
if (torchSeconds > 0) await torch(options, Math.min(torchSeconds, left()), false);
const tensorrtSeconds = Math.min(Number(options.tensorrt ?? left() / 2), left());
if (tensorrtSeconds > 5) await tensorrt(options, await Promise.all(options.rows.map(modelOf)), tensorrtSeconds);
/** A network takes one to four minutes; less than this is not worth beginning with. */
const LEAST_COMPILE = 60;
const rest = options['no-torch'] || left() < LEAST_COMPILE ? 0 : left();
const compileSeconds = Math.min(Number(options.compile ?? rest), left());
if (compileSeconds > 5) await torch(options, compileSeconds, true);
console.log(`done in ${(Number(options.seconds) - left()).toFixed(0)} s`);
