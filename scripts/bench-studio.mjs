// `npm run bench:studio`: how long people wait for the command line, for files and for the window. Times on the wall beside
// processor time (user and system), which a busy machine changes less.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { buildParts } from './build.mjs';
import { runPlaywright } from './lib/playwright.mjs';
import { ROOT } from './lib/run.mjs';

const CLI = path.join(ROOT, 'dist/cli/main.js');
const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
const models = process.env.SINTER_MODELS ?? path.join(cache, 'sinter-studio', 'models');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'sinter-waits-'));
const row = (what, figures) => console.log(`| ${what} | ${figures} |`);
const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Medians of a command's wall and processor time (Linux counts it in steps of 10 ms). */
function command(args, times = 7) {
  const program = `
    const { spawnSync } = require('node:child_process');
    const { readFileSync } = require('node:fs');
    const ticks = () => { const f = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' '); return Number(f[13]) + Number(f[14]); };
    const [c, t] = [ticks(), process.hrtime.bigint()];
    const r = spawnSync(process.execPath, ${JSON.stringify([CLI, ...args])}, { stdio: 'ignore' });
    console.log(JSON.stringify([Number(process.hrtime.bigint() - t) / 1e6, (ticks() - c) * 10, r.status]));`;
  const runs = Array.from({ length: times }, () =>
    JSON.parse(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout),
  );
  if (runs.some(([, , status]) => status !== 0)) throw new Error(`sinter ${args.join(' ')} failed`);
  return `${middle(runs.map((r) => r[0])).toFixed(0)} ms, processor ${middle(runs.map((r) => r[1])).toFixed(0)} ms`;
}

await buildParts(['native', 'cli']);
try {
  console.log('| what | wall, processor |\n|---|---|');
  row('`sinter --help`', command(['--help']));
  const vgg = path.join(models, 'vgg19.onnx');
  if (existsSync(vgg)) row('`sinter inspect` of VGG-19 (574 MB)', command(['inspect', vgg]));
  const resnet = path.join(models, 'resnet50.onnx');
  if (existsSync(resnet)) {
    const engine = path.join(scratch, 'resnet50.sinter');
    spawnSync(process.execPath, [CLI, 'build', resnet, '-o', engine, '--level', '0'], { stdio: 'ignore' });
    row('loading the engine of ResNet-50 (138 MB)', await loading(engine));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function loading(file) {
  const addon = createRequire(import.meta.url)(path.join(ROOT, 'build/native/sinter.node'));
  const runs = [];
  for (let i = 0; i < 15; i++) {
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    const engine = await addon.loadEngine(file);
    const { user, system } = process.cpuUsage(cpu);
    runs.push([performance.now() - start, (user + system) / 1000]);
    addon.disposeEngine(engine);
  }
  return `${middle(runs.map((r) => r[0])).toFixed(1)} ms, processor ${middle(runs.map((r) => r[1])).toFixed(1)} ms`;
}

const { code } = await runPlaywright(['--config', 'test/bench/studio/playwright.config.ts']);
process.exitCode = code;
