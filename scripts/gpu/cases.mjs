// The shared operator cases on a GPU, plain or under compute-sanitizer, split into jobs that run side by side; a later call
// goes on where --done's results end. `node scripts/gpu/cases.mjs [--tools memcheck,racecheck,synccheck,none] [--kernels
// __cuda,__sm] [--tiles N] [--groups TEXT,…] [--not TEXT,…] [--seconds N] [--jobs N] [--per-job CASES] [--out FOLDER] [--done FILE,…]`
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fail } from '../lib/log.mjs';
import { hasProgram, ROOT } from '../lib/run.mjs';

const { values } = parseArgs({
  options: {
    tools: { type: 'string', default: 'memcheck' },
    kernels: { type: 'string', default: '__cuda,__sm' },
    tiles: { type: 'string', default: '0' },
    groups: { type: 'string' },
    not: { type: 'string' },
    seconds: { type: 'string', default: '3600' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    'per-job': { type: 'string', default: '10' },
    out: { type: 'string', default: path.join(tmpdir(), 'sinter-gpu-cases') },
    done: { type: 'string' },
  },
});
const tests = process.env.SINTER_TESTS ?? path.join(ROOT, 'build/native/sinter_tests');
const sanitizer = ['compute-sanitizer', '/usr/local/cuda/bin/compute-sanitizer'].find(hasProgram);
const started = performance.now();
const left = () => Number(values.seconds) - (performance.now() - started) / 1000;
mkdirSync(values.out, { recursive: true });

/** doctest takes commas as the end of a filter. */
const filter = (group) => `-tc=${group.replaceAll(',', '?')}`;
const matches = (group, list) => list.split(',').some((t) => group.toLowerCase().includes(t.toLowerCase()));

/** Groups with the number of cases of the longest list in each. */
function groups() {
  const listed = spawnSync(tests, ['-ltc', '-tc=cases: *'], { encoding: 'utf8' }).stdout ?? '';
  const env = { ...process.env, SINTER_CUDA_PATH: 'none', SINTER_KERNEL: 'no kernel', SINTER_CASE_STEP: '1000000' };
  return listed
    .split('\n')
    .filter((g) => g.startsWith('cases: '))
    .filter((g) => (!values.groups || matches(g, values.groups)) && !(values.not && matches(g, values.not)))
    .map((name) => {
      const counts = spawnSync(tests, [filter(name)], { encoding: 'utf8', env }).stdout.matchAll(/over (\d+) cases/g);
      return { name, cases: Math.max(1, ...[...counts].map((m) => Number(m[1]))) };
    });
}

function jobs() {
  const all = [];
  for (const { name, cases } of groups()) {
    const step = Math.ceil(cases / Number(values['per-job']));
    for (let from = 0; from < step; from++)
      for (const tool of values.tools.split(',')) all.push({ tool, group: name, from, step });
  }
  // The first share of every group, then the second of every group: what time cuts off is spread evenly.
  return all.sort((a, b) => a.from / a.step - b.from / b.step);
}

const keyOf = (j) => [j.tool, j.kernels, j.tiles, j.group, j.from, j.step].join('|');

let slots = 0;
function start(job) {
  const slot = slots++ % Number(values.jobs);
  const command = job.tool === 'none' ? [tests] : [sanitizer, '--tool', job.tool, '--error-exitcode', '9', tests];
  // Each job compiles on two cores, so that the jobs together do not start a thread for every pair of cores.
  const cores = [slot, slot + 1].map((c) => c % availableParallelism()).join(',');
  if (hasProgram('taskset')) command.unshift('taskset', '-c', cores);
  const env = {
    ...process.env,
    SINTER_KERNEL: values.kernels,
    SINTER_CASE_TILES: values.tiles,
    SINTER_CASE_FROM: String(job.from),
    SINTER_CASE_STEP: String(job.step),
    SINTER_CASE_VERBOSE: '1',
    SINTER_KERNEL_CACHE: process.env.SINTER_KERNEL_CACHE ?? path.join(values.out, 'kernels'),
  };
  const before = performance.now();
  const child = spawn(command[0], [...command.slice(1), filter(job.group)], { env, detached: true });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => (text += d));
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), Math.max(1, left()) * 1000);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const pairs = [...text.matchAll(/: (\d+) \(kernel, case\) pairs over/g)].reduce((n, m) => n + Number(m[1]), 0);
      const summary = text.match(/(?:ERROR|RACECHECK) SUMMARY: .*/)?.[0] ?? '';
      const seconds = Math.round((performance.now() - before) / 100) / 10;
      resolve({ ...job, code, signal, seconds, pairs, summary, text });
    });
  });
}

if (!existsSync(tests)) fail(`${tests} does not exist: npm run build:native, then build its target sinter_tests`);
const sanitized = values.tools.split(',').some((t) => t !== 'none');
if (sanitized && !sanitizer) fail('compute-sanitizer was not found: it comes with the CUDA toolkit');
const earlier = (values.done ?? '').split(',').filter(existsSync);
const done = new Set(
  earlier.flatMap((f) => readFileSync(f, 'utf8').split('\n').filter(Boolean)).map((line) => keyOf(JSON.parse(line))),
);
const results = path.join(values.out, 'cases.jsonl');
const all = jobs().map((j) => ({ ...j, kernels: values.kernels, tiles: values.tiles }));
const queue = all.filter((j) => !done.has(keyOf(j)));
const planned = queue.length;
console.log(`${all.length} jobs, ${all.length - queue.length} of them done before`);
let bad = 0;
let finished = 0;
let pairs = 0;
async function work() {
  for (let job; left() > 2 && (job = queue.shift()); ) {
    const { text, ...r } = await start(job);
    const name = `${r.tool} ${r.group.slice(7)} ${r.from + 1}/${r.step}`;
    if (r.signal === 'SIGKILL' && left() < 3) {
      const lines = text.trimEnd().split('\n');
      console.log(
        `out of time: ${name} after ${r.seconds} s, at ${lines.findLast((l) => /: [A-Z]/.test(l)) ?? 'compiling'}`,
      );
      continue;
    }
    finished++;
    pairs += r.pairs;
    appendFileSync(results, `${JSON.stringify(r)}\n`);
    if (r.code === 0) continue;
    bad++;
    console.log(`FAILED: ${name}: ${r.signal ?? `exit code ${r.code}`} ${r.summary}`);
    writeFileSync(path.join(values.out, `${r.tool}-${r.group.slice(7).replace(/\W+/g, '_')}-${r.from}.log`), text);
  }
}
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
if (!process.env.SINTER_KERNEL_CACHE) rmSync(path.join(values.out, 'kernels'), { recursive: true, force: true });
console.log(
  `${finished} jobs in ${((performance.now() - started) / 1000).toFixed(0)} s, ${pairs} (kernel, case) pairs, ${bad} failed; ${planned - finished} jobs left`,
);
if (finished > 0 && pairs === 0) console.log('No kernel ran: is there a device? `sinter devices` says.');
process.exitCode = bad > 0 || (finished > 0 && pairs === 0) ? 1 : 0;
