import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { OPS } from '../../optimizer/ops/index.ts';
import { serve } from './child.ts';
import { runAll } from './pool.ts';
import { reportOf, tableText } from './report.ts';
import { factsOf } from './skips.ts';

/*
 * The ONNX project's backend cases (any folder of that layout) through import → passes → engine → native run.
 * Usage: npm run conformance -- --suite DIR [--device cpu|cuda:0] [--optimize on|off] [--only TEXT] [--json] [--report FILE]
 */

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const ROOT = resolve(process.env.SINTER_ROOT ?? process.cwd());
const device = option('device') === 'cuda' ? 'cuda:0' : (option('device') ?? 'cpu');
const optimize = (option('optimize') ?? 'on') !== 'off';

/** Every folder below `dir` that holds a model.onnx, sorted. */
function casesIn(dir: string): string[] {
  if (existsSync(join(dir, 'model.onnx'))) return [dir];
  return readdirSync(dir, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .flatMap((e) => casesIn(join(dir, e.name)))
    .sort();
}

/** What the optimizer knows of each operator, for docs/operators.md. */
const definitions = () => OPS.map(({ op, domain = '', since }) => ({ op, domain, since }));

async function main(): Promise<number> {
  const suite = option('suite');
  if (suite === undefined || !existsSync(suite)) {
    console.error('usage: npm run conformance -- --suite DIR [--device cpu|cuda] [--optimize on|off] [--json]');
    return 2;
  }
  const only = option('only');
  const folders = casesIn(resolve(suite)).filter((f) => only === undefined || f.includes(only));
  const cases = folders.map((folder) => ({
    folder,
    name: relative(resolve(suite), folder),
    ...factsOf(join(folder, 'model.onnx')),
  }));
  const judged = cases.filter((c) => c.skip === null);
  const live = process.stderr.isTTY;
  let done = 0;
  const results = await runAll(
    process.argv[1]!,
    process.argv.slice(2),
    Math.min(availableParallelism(), Math.max(1, judged.length)),
    judged.map(({ folder, operators }) => ({ folder, operators })),
    () => {
      if (live) process.stderr.write(`\r${++done}/${judged.length}`);
    },
  );
  if (live) process.stderr.write('\r\x1b[K');
  const outcomes = new Map(judged.map((c, i) => [c.folder, results[i]!]));
  const none = { reason: null, layers: [], types: [], onHost: [] };
  const report = reportOf(
    cases.map((c) => ({ ...c, ...(outcomes.get(c.folder) ?? none) })),
    device,
    optimize,
  );
  const file = option('report');
  if (file !== undefined)
    writeFileSync(file, `${JSON.stringify({ ...report, definitions: definitions() }, null, 2)}\n`);
  console.log(process.argv.includes('--json') ? JSON.stringify(report) : tableText(report));
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return report.failed === 0 ? 0 : 1;
}

const child = option('child');
if (child !== undefined) {
  serve(ROOT, { device, optimize, engine: join(tmpdir(), `sinter-conformance-${process.pid}.sinter`) });
} else process.exitCode = await main();
