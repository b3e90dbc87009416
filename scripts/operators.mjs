// Writes docs/operators.md from what the standard's own cases show: `npm run operators [-- --suite DIR]`. With
// `--gpu REPORT --card NAME` it first takes over what `npm run conformance -- --device cuda --report REPORT` found; that is kept in
// test/conformance/cuda.json.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OUTFILE, prepare } from './conformance.mjs';
import { fail } from './lib/log.mjs';
import { ROOT, run } from './lib/run.mjs';

const at = process.argv.indexOf('--suite');
const suite = at < 0 ? '/usr/share/libonnx-testdata/data' : process.argv[at + 1];
if (!existsSync(suite)) fail(`there is no folder ${suite}; Debian's libonnx-testdata brings it`);

async function reportOf(optimize) {
  const file = path.join(ROOT, 'test-results', `operators-${optimize}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const args = [OUTFILE, '--suite', suite, '--optimize', optimize, '--report', file];
  await run(process.execPath, args, { quiet: true, env: { SINTER_ROOT: ROOT } });
  return JSON.parse(readFileSync(file, 'utf8'));
}

const KEPT = path.join(ROOT, 'test/conformance/cuda.json');
const given = process.argv.indexOf('--gpu');
if (given >= 0) keep(JSON.parse(readFileSync(process.argv[given + 1], 'utf8')));
/** Whoever gives no name has used what the tests have. */
function cardName() {
  const named = process.argv.indexOf('--card');
  return named >= 0 ? process.argv[named + 1] : 'the emulated GPU of the tests';
}

const gpu = JSON.parse(readFileSync(KEPT, 'utf8'));

/** What is not plain sailing: cases with layers on the CPU, cases that fail; all others run on the GPU alone. */
function keep(report) {
  const good = report.cases.filter((c) => c.skip === null && c.reason === null);
  const withHost = good.filter((c) => c.onHost.length > 0).map((c) => [c.name, c.onHost.join(', ')]);
  const failed = report.failures.map((f) => [f.name, f.reason]);
  const names = report.cases.map((c) => c.name);
  const kept = { card: cardName(), ran: names, withHost, failed };
  writeFileSync(
    KEPT,
    `${JSON.stringify({ ...kept, withHost: Object.fromEntries(withHost), failed: Object.fromEntries(failed) }, null, 2)}\n`,
  );
}

/** How the cases of an operator went on the card. */
function onCard(cases) {
  const ran = cases.filter((c) => gpu.ran.includes(c.name));
  if (ran.length === 0) return '';
  const good = ran.filter((c) => !(c.name in gpu.failed));
  const alone = good.filter((c) => !(c.name in gpu.withHost)).length;
  if (good.length < ran.length) return good.length === 0 ? 'no' : `${alone} alone, ${ran.length - good.length} fail`;
  if (alone === ran.length) return 'yes';
  return alone === 0 ? 'with the CPU' : `${alone} of ${ran.length}`;
}

await prepare();
const on = await reportOf('on');
const off = await reportOf('off');

/** The shortest list of operators a case has decides what it is a case of. */
const casesOf = (op) => on.cases.filter((c) => c.operators.includes(op));
const onlyOf = (op) => on.cases.filter((c) => c.operators.length === 1 && c.operators[0] === op);

const rows = on.definitions.map(({ op, domain, since }) => {
  const name = domain ? `${domain}.${op}` : op;
  const all = casesOf(name);
  const judged = all.filter((c) => c.skip === null);
  const good = judged.filter((c) => c.reason === null);
  const own = onlyOf(name).filter((c) => c.skip === null && c.reason === null);
  const types = [...new Set(own.flatMap((c) => c.types))].sort();
  const tested = judged.length === 0 ? '' : `${good.length} of ${judged.length}`;
  const cpu = good.length > 0 ? 'yes' : judged.length > 0 ? 'no' : '';
  return { name, since, types, cpu, card: onCard(judged), tested };
});
rows.sort((a, b) => (a.name < b.name ? -1 : 1));

const outside = [...new Set(on.cases.filter((c) => c.skip === null).flatMap((c) => c.operators))]
  .filter((op) => !rows.some((r) => r.name === op))
  .sort();
const lines = [
  '# Operators',
  '',
  'Written by `npm run operators` from the ONNX project’s own cases (Debian package libonnx-testdata); do not edit.',
  '',
  `With the passes on ${on.passed} of ${on.passed + on.failed} cases pass, with the passes off ${off.passed} of ` +
    `${off.passed + off.failed}; ${on.skipped} are not judged (training, string processing).`,
  '',
  '- **opsets**: versions of the standard’s operator set that changed the operator; all of them are read.',
  '- **types**: element types in the passing cases of this operator alone.',
  '- **CPU**: a case with this operator runs; empty where the suite has none.',
  `- **CUDA**: its cases as ${gpu.card} ran them: yes = the GPU runs every layer, a number = of so many cases; the CPU runs a layer` +
    ' or more of the others, with copies around it.',
  '- **cases**: of all cases with this operator, how many pass.',
  '',
  '| operator | opsets | types | CPU | CUDA | cases |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows.map(
    (r) => `| ${r.name} | ${r.since.join(', ')} | ${r.types.join(', ')} | ${r.cpu} | ${r.card} | ${r.tested} |`,
  ),
  '',
  ...(outside.length > 0 ? [`Not known: ${outside.join(', ')}.`, ''] : []),
  '## Cases that fail',
  '',
  ...(on.failures.length === 0 ? ['None.'] : on.failures.map((f) => `- \`${f.name}\`: ${f.reason}`)),
  '',
  '## Cases that are not judged',
  '',
  ...[...new Set(on.skips.map((s) => s.reason))].sort().map((reason) => {
    const names = on.skips.filter((s) => s.reason === reason).map((s) => s.name.replace(/^.*\/test_/, ''));
    return `- ${reason}: ${names.join(', ')}`;
  }),
  '',
];
writeFileSync(path.join(ROOT, 'docs/operators.md'), lines.join('\n'));
console.log(`docs/operators.md: ${rows.length} operators`);
