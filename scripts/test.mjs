// `npm test`: every check of the project in order. `--only STAGE` runs one: lint, types, native, unit,
// conformance, e2e.
// The last line is "N passed, N failed".
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { OUTFILE as CONFORMANCE, prepare as prepareConformance } from './conformance.mjs';
import { differences } from './lib/expectation.mjs';
import { runPlaywright } from './lib/playwright.mjs';
import { bin, ROOT, run } from './lib/run.mjs';
import { lint } from './lint.mjs';
import { ensureSystemDeps, mayInstall } from './system-deps.mjs';

const reportFile = (name) => path.join(ROOT, 'test-results', `${name}.json`);
const readReport = (name) => {
  try {
    return JSON.parse(readFileSync(reportFile(name), 'utf8'));
  } catch {
    return null;
  }
};
/** A stage that ends badly without saying which test did counts as one failure. */
const counted = (passed, failed, code) => ({ passed, failed: code !== 0 && failed === 0 ? 1 : failed });

async function native() {
  const script = path.join(ROOT, 'scripts/native.mjs');
  if (!existsSync(script)) return { passed: 0, failed: 0 };
  const { code, output } = await run(process.execPath, [script, '--test']);
  let passed = 0;
  let failed = 0;
  for (const m of output.matchAll(/\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed/g)) {
    passed += Number(m[1]);
    failed += Number(m[2]);
  }
  return counted(passed, failed, code);
}

async function unit() {
  rmSync(reportFile('unit'), { force: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile('unit')}`];
  const { code } = await run(bin('vitest'), args);
  const report = readReport('unit');
  return counted(report?.numPassedTests ?? 0, report?.numFailedTests ?? 0, code);
}

/** The ONNX project's own cases, with the passes and without, against the committed outcome. */
async function conformance() {
  const suite = '/usr/share/libonnx-testdata/data';
  if (!existsSync(suite) && mayInstall()) ensureSystemDeps(['cases']);
  if (!existsSync(suite)) {
    console.log('SKIPPED: the ONNX backend cases are not installed (Debian: apt-get install libonnx-testdata)');
    return { passed: 0, failed: 0 };
  }
  await prepareConformance();
  const env = { SINTER_ROOT: ROOT };
  let passed = 0;
  let failed = 0;
  for (const optimize of ['on', 'off']) {
    const file = reportFile(`conformance-${optimize}`);
    mkdirSync(path.dirname(file), { recursive: true });
    const args = [CONFORMANCE, '--suite', suite, '--optimize', optimize, '--report', file];
    const { output } = await run(process.execPath, args, { env, quiet: true });
    const report = readReport(`conformance-${optimize}`);
    const wrong = report ? differences(report) : [`the runner failed: ${output.slice(-500)}`];
    for (const sentence of wrong) console.error(`conformance, passes ${optimize}: ${sentence}`);
    console.log(`passes ${optimize}: ${output.trimEnd().split('\n').at(-1)}`);
    passed += report?.passed ?? 0;
    failed += wrong.length;
  }
  return { passed, failed };
}

async function e2e() {
  if (!existsSync(path.join(ROOT, 'test/e2e'))) return { passed: 0, failed: 0 };
  rmSync(reportFile('e2e'), { force: true });
  const { code } = await runPlaywright(
    process.argv.filter((a) => a.startsWith('--grep=')),
    { PLAYWRIGHT_JSON_OUTPUT_NAME: reportFile('e2e') },
  );
  const stats = readReport('e2e')?.stats;
  return counted((stats?.expected ?? 0) + (stats?.flaky ?? 0), stats?.unexpected ?? 0, code);
}

const STAGES = {
  lint,
  types: async () => {
    const { code } = await run(bin('tsc'), ['-b']);
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  },
  native,
  unit,
  conformance,
  e2e,
};

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null;
if (only !== null && !(only in STAGES)) {
  console.error(`sinter: there is no stage "${only}"; stages are ${Object.keys(STAGES).join(', ')}.`);
  process.exit(2);
}
const chosen = only === null ? Object.keys(STAGES) : [only];
const needs = new Set(
  chosen.flatMap(
    (s) =>
      ({ native: ['native'], unit: ['native'], conformance: ['native'], e2e: ['native', 'window', 'display'] })[s] ??
      [],
  ),
);
ensureSystemDeps([...needs]);

const rows = [];
for (const stage of chosen) {
  console.log(`\n── ${stage}`);
  const start = Date.now();
  const result = await STAGES[stage]();
  rows.push({ stage, ...result, seconds: (Date.now() - start) / 1000 });
}
console.log('');
for (const r of rows) {
  const mark = r.failed === 0 ? 'ok  ' : 'FAIL';
  console.log(`${mark} ${r.stage.padEnd(11)} ${r.passed} passed, ${r.failed} failed (${r.seconds.toFixed(1)} s)`);
}
const sum = (key) => rows.reduce((n, r) => n + r[key], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
