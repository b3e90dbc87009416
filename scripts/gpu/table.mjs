// The tables of docs/benchmarks.md from a folder of bench:gpu's results: `node scripts/gpu/table.mjs RESULTS`.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fail } from '../lib/log.mjs';

const folder = process.argv[2];
if (!folder || !existsSync(path.join(folder, 'rows.json'))) fail('give the folder that bench:gpu wrote rows.json to');
const read = (name, otherwise) => {
  const file = path.join(folder, name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : otherwise;
};
const { rows } = read('rows.json');
const same = (a) => (b) => a.model === b.model && a.batch === b.batch && a.precision === b.precision;
const torch = read('torch.json', []);
const compiled = read('compile.json', []);
const tensorrt = read('tensorrt.json', { rows: [] }).rows;

const TITLES = {
  resnet50: 'ResNet-50',
  inception_v1: 'GoogLeNet',
  mobilenet_v2: 'MobileNet-v2',
  vgg16: 'VGG-16',
  bert_base: 'BERT-base, 128 tokens',
  vit_b16: 'ViT-B/16',
};
/** TensorRT 10.6 on an H200, and what was set out for there: shared/design/targets.md. */
const ON_H200 = {
  'resnet50-b1-fp16': ['0.301', '0.27'],
  'inception_v1-b1-fp16': ['0.234', '0.20'],
  'mobilenet_v2-b1-fp16': ['0.176', '0.16'],
  'vgg16-b1-fp16': ['', '0.30'],
  'bert_base-b1-fp16': ['0.422', '0.38'],
  'vit_b16-b1-fp16': ['0.531', '0.48'],
  'resnet50-b32-fp16': ['1.050', '0.95'],
  'inception_v1-b32-fp16': ['≤ 0.930', '0.75'],
  'mobilenet_v2-b32-fp16': ['0.560', '0.50'],
  'vgg16-b32-fp16': ['1.909', '1.80'],
  'bert_base-b32-fp16': ['1.815', '1.70'],
  'vit_b16-b32-fp16': ['', '2.60'],
  'resnet50-b32-int8': ['0.702', '0.60'],
};

const number = (x, digits) => (typeof x === 'number' ? x.toFixed(digits) : '');
const print = (head, lines) => {
  console.log(`| ${head.join(' | ')} |\n|${head.map(() => '---|').join('')}`);
  for (const l of lines) console.log(`| ${l.join(' | ')} |`);
  console.log('');
};
/** Columns of others, where they were measured at all. */
const others = [
  { head: 'PyTorch eager', of: (r) => number(torch.find(same(r))?.eager, 3), any: torch.length > 0 },
  { head: 'PyTorch graph', of: (r) => number(torch.find(same(r))?.graph, 3), any: torch.length > 0 },
  {
    head: 'torch.compile (build s)',
    of: (r) => {
      const found = compiled.find(same(r));
      return found?.compile ? `${number(found.compile, 3)} (${number(found.compileSeconds, 0)})` : '';
    },
    any: compiled.some((c) => c.compile),
  },
  {
    head: 'TensorRT (build s; layers; MiB)',
    of: (r) => {
      const t = tensorrt.find(same(r));
      if (!t?.median) return '';
      return `${number(t.median, 3)} (${number(t.buildSeconds, 0)}; ${t.layers}; ${number(t.activations / 2 ** 20, 2)})`;
    },
    any: tensorrt.some((t) => t.median),
  },
].filter((o) => o.any);

const measured = rows.filter((r) => r.median !== undefined);
const line = (r, title, extra) => [
  title,
  r.batch,
  `**${number(r.median, 3)}**`,
  ...others.map((o) => o.of(r)),
  r.layers,
  r.reformats,
  number(r.arena / 2 ** 20, 2),
  number(r.buildSeconds, 1),
  r.maxRel?.toExponential(1) ?? '',
  ...extra,
];
const heads = (first, last) => [
  first,
  'batch',
  'ms',
  ...others.map((o) => o.head),
  'layers',
  'reformats',
  'activations MiB',
  'build s',
  'error',
  ...last,
];
const half = measured.filter((r) => r.precision === 'fp16' || r.precision === 'int8');
print(
  heads('network, FP16', ['TensorRT 10.6', 'aim']),
  half.map((r) => line(r, `${TITLES[r.model]}${r.precision === 'int8' ? ' INT8' : ''}`, ON_H200[r.name] ?? ['', ''])),
);
const floats = measured.filter((r) => r.precision === 'fp32' || r.precision === 'tf32');
const ordered = Object.keys(TITLES).flatMap((model) =>
  [1, 32].flatMap((batch) => floats.filter((r) => r.model === model && r.batch === batch)),
);
print(
  heads('network, precision', []),
  ordered.map((r) => line(r, `${TITLES[r.model]}, ${r.precision.toUpperCase()}`, [])),
);
for (const r of rows.filter((x) => x.error || x.equal === false))
  console.log(`${r.name}: ${r.error ?? `error ${r.maxRel}: beyond the tolerance`}`);
