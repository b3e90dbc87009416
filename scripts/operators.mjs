// Writes docs/operators.md from what the standard's own cases show: `npm run operators [-- --suite DIR]`.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Layer kinds that have a CUDA kernel, from the rows that register themselves. */
function cudaKinds() {
  const kinds = new Set();
  const visit = (dir) => {
    for (const e of readdirSync(dir, { withFileTypes: true })) {
      const p = path.join(dir, e.name);
      if (e.isDirectory()) visit(p);
      else if (e.name.endsWith('.cpp')) {
        const text = readFileSync(p, 'utf8');
        for (const m of text.matchAll(/"[a-z0-9_]+__cuda[a-z0-9_]*",\s*(?:\.op = )?"(\w+)"/g)) kinds.add(m[1]);
      }
    }
  };
  visit(path.join(ROOT, 'native/cuda'));
  return kinds;
}

await prepare();
const on = await reportOf('on');
const off = await reportOf('off');
const cuda = cudaKinds();

/** The shortest list of operators a case has decides what it is a case of. */
const casesOf = (op) => on.cases.filter((c) => c.operators.includes(op));
const onlyOf = (op) => on.cases.filter((c) => c.operators.length === 1 && c.operators[0] === op);

const rows = on.definitions.map(({ op, domain, since }) => {
  const name = domain ? `${domain}.${op}` : op;
  const all = casesOf(name);
  const judged = all.filter((c) => c.skip === null);
  const good = judged.filter((c) => c.reason === null);
  const own = onlyOf(name).filter((c) => c.skip === null && c.reason === null);
  const kinds = new Set(own.flatMap((c) => c.layers));
  const types = [...new Set(own.flatMap((c) => c.types))].sort();
  const missing = [...kinds].filter((k) => !cuda.has(k));
  const tested = judged.length === 0 ? '' : `${good.length} of ${judged.length}`;
  const cpu = good.length > 0 ? 'yes' : judged.length > 0 ? 'no' : '';
  const gpu =
    kinds.size === 0 ? '' : missing.length === 0 ? 'native' : missing.length < kinds.size ? 'partly' : 'on the CPU';
  return { name, since, types, cpu, gpu, tested };
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
  '- **CUDA**: “native” where every layer of its cases has a CUDA kernel, “partly” where some have one; the others run on the CPU, operands copied there and back. Says nothing of element types.',
  '- **cases**: of all cases with this operator, how many pass.',
  '',
  '| operator | opsets | types | CPU | CUDA | cases |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows.map(
    (r) => `| ${r.name} | ${r.since.join(', ')} | ${r.types.join(', ')} | ${r.cpu} | ${r.gpu} | ${r.tested} |`,
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
