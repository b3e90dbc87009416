// Where an engine's time goes, beside what the card could do: a Markdown table of groups of layers from recorded profiles.
// Usage: node scripts/gpu/floors.mjs FILE.sinterprofile… [--bandwidth TB/s of another card] [--rows 12]
// Floor: operations at the rate, or bytes at the bandwidth, that the profile's own card reached, whichever takes longer, layer
// by layer. Layers are timed one by one, with an event on each side; the whole engine runs as one recorded graph.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fail } from '../lib/log.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { bandwidth: { type: 'string', default: '4.27' }, rows: { type: 'string', default: '12' } },
});
if (positionals.length === 0) fail('give one or more .sinterprofile files');

const dims = (shape) => shape.split('×').map(Number);
/** Layers of a kind: convolutions by the size of their image, products by their columns, others by operator. */
function groupOf(layer) {
  const shape = dims(layer.output.shape);
  if (layer.op === 'Conv' && shape.length === 4) return `Conv, ${shape[2]}×${shape[3]}`;
  if (layer.op === 'MatMul') return `MatMul, ${shape.at(-1)} columns${/gelu/i.test(layer.name) ? ', GELU' : ''}`;
  return layer.op;
}
/** What the kernel multiplies: its name says it; a first convolution reads float32 and multiplies in 16 bits. */
const OPERANDS = { f16: 'float16', bf16: 'bfloat16', i8: 'int8' };
const operandsOf = (layer) => OPERANDS[layer.tactic.split('_')[0]] ?? layer.dtype;
const bytesOf = (layer) => {
  // A gather reads the rows it is asked for, not the table.
  if (layer.op !== 'Gather') return layer.bytes;
  const size = { float32: 4, int32: 4, int64: 8, float64: 8, int8: 1, uint8: 1 }[layer.output.dtype] ?? 2;
  return 2 * size * dims(layer.output.shape).reduce((a, b) => a * b, 1);
};

function table(profile, bandwidths) {
  const rates = new Map(profile.ceilings.flops.map((f) => [f.dtype, f.rate]));
  const groups = new Map();
  for (const l of profile.layers) {
    const g = groups.get(groupOf(l)) ?? {
      count: 0,
      time: 0,
      operations: 0,
      bytes: bandwidths.map(() => 0),
      floors: bandwidths.map(() => 0),
    };
    const operations = (l.flops / (rates.get(operandsOf(l)) ?? rates.get('float32'))) * 1e6;
    g.count += 1;
    g.time += l.min / 1e3;
    g.operations += operations;
    bandwidths.forEach((b, i) => {
      const bytes = (bytesOf(l) / b) * 1e6;
      g.bytes[i] += bytes;
      g.floors[i] += Math.max(operations, bytes);
    });
    groups.set(groupOf(l), g);
  }
  return [...groups].sort((a, b) => b[1].time - a[1].time);
}

const us = (v) => (v < 10 ? v.toFixed(1) : v.toFixed(0));
for (const file of positionals) {
  const profile = JSON.parse(readFileSync(file, 'utf8'));
  const bandwidths = [profile.ceilings.bandwidth, Number(values.bandwidth) * 1e12];
  const groups = table(profile, bandwidths);
  const engine = profile.latency.median / 1e3;
  const sum = groups.reduce((a, [, g]) => a + g.time, 0);
  const floors = bandwidths.map((_, i) => groups.reduce((a, [, g]) => a + g.floors[i], 0));
  console.log(
    `\n**${path.basename(file, '.sinterprofile')}** on ${profile.device.name}: ${us(engine)} µs; its layers one by one ${us(sum)}; floors ${us(floors[0])} there, ${us(floors[1])} at ${values.bandwidth} TB/s\n`,
  );
  console.log(
    `| layers | count | µs | operations | bytes | floor | floor at ${values.bandwidth} TB/s | µs / floor |`,
  );
  console.log('|---|---|---|---|---|---|---|---|');
  const shown = groups.slice(0, Number(values.rows));
  const rest = groups.slice(shown.length);
  if (rest.length > 0) {
    const total = (f) => rest.reduce((a, [, g]) => a + f(g), 0);
    shown.push([
      'others',
      {
        count: total((g) => g.count),
        time: total((g) => g.time),
        operations: total((g) => g.operations),
        bytes: [total((g) => g.bytes[0])],
        floors: [total((g) => g.floors[0]), total((g) => g.floors[1])],
      },
    ]);
  }
  for (const [name, g] of shown)
    console.log(
      `| ${name} | ${g.count} | ${us(g.time)} | ${us(g.operations)} | ${us(g.bytes[0])} | ${us(g.floors[0])} | ${us(g.floors[1])} | ${(g.time / g.floors[0]).toFixed(1)} |`,
    );
}
