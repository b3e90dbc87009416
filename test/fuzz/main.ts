import { type ChildProcess, fork } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { attempt } from './attempt.ts';
import { attemptEngine, engineFor } from './engineAttempt.ts';
import { damaged, operatorsOf } from './mutate.ts';
import type { Attempt } from './outcome.ts';

/*
 * Damaged copies of the models of a suite through import → passes → engine → run, or with --engines damaged copies of the
 * engines built from them through inspect → load → run, in child processes: nothing they hold may crash or hang the process,
 * or show an error of a kind that people are not meant to see.
 * Usage: npm run fuzz -- --suite DIR [--engines] [--seed N] [--count N | --seconds N] [--only TEXT] [--largest BYTES]
 *           [--device ID] [--limit SECONDS] [--keep DIR]
 *        npm run fuzz -- --suite DIR [--engines] --seed N --count 1     repeats one attempt
 */

interface Task {
  readonly seed: number;
  /** Where the damaged file is left. */
  readonly path: string;
}
type Reply = Attempt & { readonly model: string };

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const ENGINES = process.argv.includes('--engines');
const ROOT = resolve(process.env.SINTER_ROOT ?? process.cwd());
/** Seconds that an attempt may take. The emulated GPU compiles each kernel with the host's compiler: give it more. */
const LIMIT_S = Number(option('limit') ?? 30);
/** Larger models are left out; which models there are decides what a seed means. */
const LARGEST = Number(option('largest') ?? 200_000);

function modelsIn(dir: string): string[] {
  const model = join(dir, 'model.onnx');
  if (existsSync(model)) return statSync(model).size < LARGEST ? [model] : [];
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((e) => (e.isDirectory() ? modelsIn(join(dir, e.name)) : []))
    .sort();
}

/** The damaged model of a seed; the same wherever it is made. */
function modelOf(models: readonly string[], seed: number): { from: string; bytes: Uint8Array } {
  const draw = seededRandom(seed);
  const from = models[Math.floor(draw() * models.length)]!;
  const donor = models[Math.floor(draw() * models.length)]!;
  const bytes = readFileSync(from);
  return { from, bytes: damaged(bytes, [...operatorsOf(readFileSync(donor)), ...operatorsOf(bytes)], draw) };
}

function serve(models: readonly string[]): void {
  const runtime = createNativeRuntime(join(process.env.SINTER_BUILD_DIR ?? join(ROOT, 'build/native'), 'sinter.node'));
  process.on('message', async ({ seed, path }: Task) => {
    const result = ENGINES ? await ofEngine(models, seed, path) : await ofModel(models, seed, path);
    process.send?.(result satisfies Reply);
  });
  process.on('disconnect', () => process.exit(0));

  async function ofModel(list: readonly string[], seed: number, path: string): Promise<Reply> {
    const { from, bytes } = modelOf(list, seed);
    writeFileSync(path, bytes);
    return { ...(await attempt(runtime, path, `${path}.sinter`, seed)), model: from };
  }

  async function ofEngine(list: readonly string[], seed: number, path: string): Promise<Reply> {
    const from = list[Math.floor(seededRandom(seed)() * list.length)]!;
    const bytes = await engineFor(runtime, from, `${path}.whole`, seed, option('device'));
    if (!bytes) return { stage: 'build', message: '', fault: false, model: from };
    return { ...(await attemptEngine(runtime, path, bytes, seed)), model: from };
  }
}

function ask(child: ChildProcess, task: Task): Promise<Reply | string> {
  return new Promise((done) => {
    const settle = (r: Reply | string): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      if (typeof r === 'string') child.kill('SIGKILL');
      done(r);
    };
    const timer = setTimeout(() => settle(`hangs: more than ${LIMIT_S} s`), 1000 * LIMIT_S);
    child.once('message', settle);
    child.once('exit', (code, signal) => settle(`crashes: ${signal ?? `exit code ${code}`}`));
    child.send(task);
  });
}

async function main(models: readonly string[]): Promise<number> {
  const count = Number(option('count') ?? (option('seconds') ? Number.MAX_SAFE_INTEGER : 500));
  const until = Date.now() + 1000 * Number(option('seconds') ?? 1e7);
  const first = Number(option('seed') ?? 1);
  const processes = Number(option('processes') ?? 2);
  const stages = new Map<string, number>();
  const folder = mkdtempSync(join(tmpdir(), 'sinter-fuzz-'));
  const extension = ENGINES ? 'sinter' : 'onnx';
  const failures: string[] = [];
  let next = first;
  const work = async (_: unknown, index: number): Promise<void> => {
    const path = join(folder, `${index}.${extension}`);
    let child: ChildProcess | null = null;
    while (next < first + count && Date.now() < until) {
      const seed = next++;
      child ??= fork(process.argv[1]!, [...process.argv.slice(2), '--child', '1'], {
        stdio: ['ignore', 'ignore', option('verbose') === undefined ? 'ignore' : 'inherit', 'ipc'],
      });
      const r = await ask(child, { seed, path });
      if (typeof r === 'string') child = null;
      const stage = typeof r === 'string' ? 'crash' : r.stage;
      stages.set(stage, (stages.get(stage) ?? 0) + 1);
      if (typeof r !== 'string' && !r.fault) continue;
      const from = models[Math.floor(seededRandom(seed)() * models.length)]!;
      const line = `seed ${seed} (${from}): ${typeof r === 'string' ? r : `at ${r.stage}: ${r.message}`}`;
      console.log(line);
      failures.push(line);
      const keep = option('keep');
      if (keep !== undefined && existsSync(path)) copyFileSync(path, join(keep, `${seed}.${extension}`));
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, work));
  rmSync(folder, { recursive: true, force: true });
  const text = [...stages].sort().map(([s, n]) => `${n} ${s}`);
  console.log(`${next - first} attempts: ${text.join(', ')}; ${failures.length} faults`);
  return failures.length > 0 ? 1 : 0;
}

const suite = option('suite');
if (suite === undefined || !existsSync(suite)) {
  console.error(
    'usage: npm run fuzz -- --suite DIR [--engines] [--seed N] [--count N | --seconds N] [--only TEXT] [--keep DIR]',
  );
  process.exitCode = 2;
} else {
  const only = option('only');
  const models = modelsIn(resolve(suite)).filter((m) => only === undefined || m.includes(only));
  if (option('child') === undefined) process.exitCode = await main(models);
  else serve(models);
}
