// Builds, checks against the CPU engine, and times the networks of docs/benchmarks.md on a GPU, PyTorch beside them.
// `npm run bench:gpu`, or on a machine without this checkout's tools: scripts/gpu/pack.mjs makes a folder to carry there.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeModels } from './gpu/models.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    device: { type: 'string', default: 'cuda:0' },
    level: { type: 'string', default: '3' },
    'batch-level': { type: 'string', default: '3' },
    dir: { type: 'string', default: path.join(tmpdir(), 'sinter-bench-gpu') },
    out: { type: 'string' },
    seconds: { type: 'string', default: '540' },
    python: { type: 'string', default: 'python3' },
    'no-torch': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
// --only takes model[:batch[:precision]].
if (values.help) {
  console.log(`npm run bench:gpu [-- --only resnet50,bert_base:32,vit_b16:1:fp32,…] [--level 0-5] [--batch-level 0-5] [--dir MODELS] [--out FOLDER] [--seconds N] [--no-torch]
Rows that no time is left for are skipped and named. --out gets rows.json, a line per finished row, and the profiles.`);
  process.exit(0);
}

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const started = performance.now();
const left = () => Number(values.seconds) - (performance.now() - started) / 1000;
const out = values.out ?? path.join(values.dir, 'results');
mkdirSync(out, { recursive: true });

const NETWORKS = ['resnet50', 'inception_v1', 'mobilenet_v2', 'vgg16', 'bert_base', 'vit_b16'];
const row = (model, batch, precision) => ({ model, batch, precision });
const PLAN = [
  ...NETWORKS.map((m) => row(m, 1, 'fp16')),
  ...NETWORKS.slice(0, 2).map((m) => row(m, 32, 'fp16')),
  row('resnet50', 32, 'int8'),
  ...NETWORKS.slice(2).map((m) => row(m, 32, 'fp16')),
  ...[1, 32].flatMap((batch) => ['fp32', 'tf32'].flatMap((kind) => NETWORKS.map((m) => row(m, batch, kind)))),
].filter(
  (r) =>
    !values.only || values.only.split(',').some((o) => `${r.model}:${r.batch}:${r.precision}:`.startsWith(`${o}:`)),
);

/** Runs the command line; the parsed JSON it prints, or the sentence that it failed with. */
function sinter(args, seconds = 120) {
  const before = performance.now();
  const p = spawnSync(process.execPath, [path.join(ROOT, 'bin/sinter.mjs'), ...args], {
    encoding: 'utf8',
    timeout: Math.floor(seconds * 1000),
    maxBuffer: 256 << 20,
  });
  const took = (performance.now() - before) / 1000;
  let json = null;
  try {
    json = JSON.parse(p.stdout);
  } catch {
    // Not JSON: what went wrong is on the other stream.
  }
  const error = json ? null : (p.error?.message ?? p.stderr.trim().split('\n').pop() ?? `exit code ${p.status}`);
  return { json, error, took };
}

/** Random images, for calibration: the networks are untrained, only the arithmetic is of interest. */
function samplesFile() {
  const file = path.join(values.dir, 'samples.npy');
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

const tolerance = { fp32: 1e-4, tf32: 5e-3, fp16: 1e-2, int8: 0.1 };
const device = sinter(['devices', '--json']).json?.devices.find((d) => d.id === values.device);
if (!device) {
  console.error(`There is no device ${values.device}; \`sinter devices\` says why.`);
  process.exit(1);
}
console.log(`${device.name}, ${device.features.join(', ')}`);
const models = makeModels([...new Set(PLAN.map((r) => `${r.model}:${r.batch}`))], values.dir);

const rows = [];
const cache = path.join(values.dir, 'timings.json');
async function bench(r) {
  const model = await models.get(`${r.model}:${r.batch}`);
  const name = `${r.model}-b${r.batch}-${r.precision}`;
  const engine = path.join(values.dir, `${name}.sinter`);
  const extra = [];
  if (r.precision === 'int8') {
    const calibration = path.join(values.dir, 'resnet50.calib');
    const c = sinter([
      'calibrate',
      model,
      '--data',
      samplesFile(),
      '--algorithm',
      'minmax',
      '-o',
      calibration,
      '--threads',
      '8',
      '--json',
    ]);
    if (c.error && !existsSync(calibration)) return { ...r, error: `calibrate: ${c.error}` };
    extra.push('--calibration', calibration);
  }
  if (r.precision === 'tf32') extra.push('--fast-fp32');
  const precision = r.precision === 'tf32' ? 'fp32' : r.precision;
  const build = (to) =>
    sinter([
      'build',
      model,
      '--device',
      values.device,
      '--precision',
      precision,
      ...extra,
      '--level',
      r.batch === 1 ? values.level : values['batch-level'],
      '--timing-cache',
      cache,
      '-o',
      to,
      '--json',
    ]);
  const b = build(engine);
  if (b.error) return { ...r, error: `build: ${b.error}` };
  const result = {
    ...r,
    buildSeconds: b.took,
    layers: b.json.layers.length,
    reformats: b.json.layers.filter((l) => l.name.startsWith('Reformat')).length,
    onCpu: b.json.layers.filter((l) => l.tactic.startsWith('cpu:')).length,
    arena: b.json.memory.arena,
  };
  const c = sinter([
    'compare',
    model,
    engine,
    '--json',
    '--threads',
    String(Math.min(16, availableParallelism())),
    '--tolerance',
    String(tolerance[r.precision]),
  ]);
  if (c.error) result.error = `compare: ${c.error}`;
  else
    Object.assign(result, {
      maxAbs: Math.max(...c.json.outputs.map((o) => o.maxAbs)),
      maxRel: Math.max(...c.json.outputs.map((o) => o.maxRel)),
      cosine: Math.min(...c.json.outputs.map((o) => o.cosine)),
      equal: c.json.ok,
    });
  const profile = path.join(out, `${name}.sinterprofile`);
  const p = sinter([
    'profile',
    engine,
    '--json',
    '--iterations',
    r.batch === 1 ? '300' : '100',
    '--warmup',
    '20',
    '--save',
    profile,
  ]);
  if (p.error) return { ...result, error: `profile: ${p.error}` };
  result.median = p.json.latency.median / 1e6;
  result.min = p.json.latency.min / 1e6;
  if (rows.length === 0) {
    const again = `${engine}.again`;
    const second = build(again);
    result.secondBuildSeconds = second.took;
    result.sameBytes = !second.error && readFileSync(engine).equals(readFileSync(again));
  }
  return result;
}

const text = (r) =>
  r.error && r.median === undefined
    ? `${r.model} b${r.batch} ${r.precision}: ${r.error}`
    : `${`${r.model} b${r.batch} ${r.precision}`.padEnd(24)} ${r.median.toFixed(3).padStart(8)} ms (min ${r.min.toFixed(3)})  ${r.layers} layers, ${r.reformats} reformats, ${r.onCpu} on the CPU, ${(r.arena / 2 ** 20).toFixed(2)} MiB, built in ${r.buildSeconds.toFixed(1)} s, ${r.error ?? `${r.equal ? 'equal' : 'DIFFERENT'}: abs ${r.maxAbs?.toExponential(1)} rel ${r.maxRel?.toExponential(1)} cos ${r.cosine?.toFixed(6)}`}${r.sameBytes === undefined ? '' : `; again in ${r.secondBuildSeconds.toFixed(1)} s, ${r.sameBytes ? 'same bytes' : 'OTHER BYTES'}`}`;
const save = () => writeFileSync(path.join(out, 'rows.json'), JSON.stringify({ device, rows }, null, 1));

// PyTorch gets its share of the time first where it is there: it is what the rest is read against.
if (!values['no-torch']) {
  const script = path.join(ROOT, 'scripts/gpu/torch_bench.py');
  const p = spawnSync(
    values.python,
    [
      script,
      path.join(out, 'torch.json'),
      [...new Set(PLAN.map((r) => r.model))].join(','),
      [...new Set(PLAN.map((r) => r.precision).filter((p) => p !== 'int8'))].join(','),
      [...new Set(PLAN.map((r) => r.batch))].join(','),
    ],
    {
      encoding: 'utf8',
      timeout: Math.floor(Math.min(90, left() / 6) * 1000),
    },
  );
  console.log(p.stdout?.trim() || `PyTorch: ${p.stderr?.trim().split('\n').pop() ?? p.error?.message}`);
}
for (const r of PLAN) {
  if (left() < 15) {
    console.log(`no time left for ${r.model} b${r.batch} ${r.precision}`);
    continue;
  }
  const result = await bench(r);
  rows.push(result);
  console.log(text(result));
  save();
}
