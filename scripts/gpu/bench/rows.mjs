// One row of the table: an engine built and compared with the CPU's, which other rows may do at the same time, and its times,
// which are taken while nothing else runs.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { samplesFile } from './samples.mjs';
import { sinter } from './sinter.mjs';

/**
 * Largest error that an output may have, relative to the largest output. INT8: what quantizing an untrained network gives; the
 * CPU's engine, whose sums are exact too, is up to 0.094 away over seven seeds.
 */
const TOLERANCE = { fp32: 1e-4, tf32: 5e-3, fp16: 1e-2, int8: 0.15 };
/** INT8 outputs are judged as a whole too. */
const LEAST_COSINE = 0.999;

function levelOf(row, options) {
  if (row.precision === 'fp32' || row.precision === 'tf32') return options['float-level'];
  return row.batch === 1 ? options.level : (options['batch-level'] ?? options.level);
}

const buildArguments = (row, options, model, to) => [
  'build',
  model,
  ...['--device', options.device, '--precision', row.precision === 'tf32' ? 'fp32' : row.precision],
  ...(row.precision === 'tf32' ? ['--fast-fp32'] : []),
  ...(row.precision === 'int8' ? ['--calibration', path.join(options.dir, `${row.model}.calib`)] : []),
  ...['--level', levelOf(row, options)],
  ...['--timing-cache', path.join(options.dir, `${row.name}.timings`), '-o', to, '--json'],
];
// Every engine compiles its own kernels: what a build takes does not depend on the rows before.
const kernels = (row, options) => ({ SINTER_KERNEL_CACHE: path.join(options.dir, 'kernels', row.name) });
const engineOf = (row, options) => path.join(options.dir, `${row.name}.sinter`);

/** Builds the row's engine and compares it with the CPU's in FP32; `error` says what did not work. */
export async function buildRow(row, options, model, left) {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / options.lanes)));
  if (row.precision === 'int8') {
    const calibration = path.join(options.dir, `${row.model}.calib`);
    const samples = ['--data', samplesFile(options.dir), '--algorithm', 'minmax', '--threads', threads];
    const c = await sinter(['calibrate', model, ...samples, '-o', calibration, '--json'], { seconds: left() });
    if (c.error && !existsSync(calibration)) return { ...row, error: `calibrate: ${c.error}` };
  }
  const engine = engineOf(row, options);
  const env = kernels(row, options);
  const b = await sinter(buildArguments(row, options, model, engine), { env, seconds: left() });
  if (b.error) return { ...row, error: `build: ${b.error}` };
  const { layers, memory, milliseconds, tuning } = b.json;
  const result = {
    ...row,
    buildSeconds: b.seconds,
    milliseconds,
    timed: tuning?.timed ?? 0,
    layers: layers.length,
    reformats: layers.filter((l) => l.name.startsWith('Reformat')).length,
    onCpu: layers.filter((l) => l.tactic.startsWith('cpu:')).length,
    arena: memory.arena,
  };
  const tolerance = String(TOLERANCE[row.precision]);
  const compared = await sinter(['compare', model, engine, '--json', '--threads', threads, '--tolerance', tolerance], {
    seconds: left(),
  });
  if (compared.error) return { ...result, error: `compare: ${compared.error}` };
  const { outputs, ok } = compared.json;
  const cosine = Math.min(...outputs.map((o) => o.cosine));
  return {
    ...result,
    maxAbs: Math.max(...outputs.map((o) => o.maxAbs)),
    maxRel: Math.max(...outputs.map((o) => o.maxRel)),
    cosine,
    equal: ok && (row.precision !== 'int8' || cosine >= LEAST_COSINE),
  };
}

/** Times a built row, and keeps its profile. */
export async function timeRow(result, options) {
  const profile = path.join(options.out, `${result.name}.sinterprofile`);
  const runs = ['--iterations', result.batch === 1 ? '300' : '100', '--warmup', '20'];
  const p = await sinter(['profile', engineOf(result, options), '--json', ...runs, '--save', profile]);
  if (p.error) return { ...result, error: `profile: ${p.error}` };
  return { ...result, median: p.json.latency.median / 1e6, min: p.json.latency.min / 1e6 };
}

/** Builds a row again from its timing cache: how long that takes, and whether the bytes are the same. */
export async function buildAgain(result, options, model) {
  const engine = engineOf(result, options);
  const again = await sinter(buildArguments(result, options, model, `${engine}.again`), {
    env: kernels(result, options),
  });
  if (again.error) return { ...result, error: `second build: ${again.error}` };
  const sameBytes = readFileSync(engine).equals(readFileSync(`${engine}.again`));
  return { ...result, secondBuildSeconds: again.seconds, sameBytes };
}
