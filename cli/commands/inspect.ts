import { openModel } from '../../optimizer/builder/session.ts';
import { dimMessageText, dtypeFromNumber } from '../../optimizer/engine/encode.ts';
import { isEngineFile, readEngineFile } from '../../optimizer/engine/file.ts';
import type { EngineMessage } from '../../optimizer/engine/messages.ts';
import { engineAt, inputRanges, inputRangeText, isDynamic, profileCount } from '../../optimizer/engine/profiles.ts';
import { shapeText } from '../../optimizer/ir/dim.ts';
import { byteLength } from '../../optimizer/ir/dtype.ts';
import { countOf } from '../../optimizer/ir/tensor.ts';
import { EXIT } from '../exit.ts';
import { modelOptions } from '../options.ts';
import { stopSignal } from '../stop.ts';
import { bytesText, countText, table } from '../table.ts';

const FORMATS = { onnx: 'ONNX', caffe: 'Caffe', tensorflow: 'TensorFlow' } as const;

interface InspectFlags {
  shape: string[];
  weights?: string;
  set: string[];
  verify?: boolean;
  json?: boolean;
}

export async function inspect(file: string, flags: InspectFlags): Promise<number> {
  return isEngineFile(file) ? inspectEngine(file, flags) : inspectModel(file, flags);
}

async function inspectModel(file: string, flags: InspectFlags): Promise<number> {
  const model = await openModel(file, {
    ...modelOptions(flags),
    stop: stopSignal(),
  });
  const { graph } = model;
  const operators = new Map<string, number>();
  for (const n of graph.nodes()) {
    const name = n.domain ? `${n.domain}.${n.op}` : n.op;
    operators.set(name, (operators.get(name) ?? 0) + 1);
  }
  // What the file itself calls its operators: for ONNX the same names, before anything was rewritten.
  const sources = new Map<string, number>();
  for (const { op } of graph.sources.values()) sources.set(op, (sources.get(op) ?? 0) + 1);
  const constants = [...graph.values()].flatMap((v) => (v.weight ? [v.weight] : []));
  const parameters = constants.reduce((s, w) => s + countOf(w.shape), 0);
  const bytes = constants.reduce((s, w) => s + byteLength(w.dtype, countOf(w.shape)), 0);
  const describe = (id: number): { name: string; dtype: string; shape: string } => {
    const v = graph.value(id);
    return { name: v.name, dtype: v.type.dtype, shape: shapeText(v.type.shape) };
  };
  const report = {
    file,
    kind: 'model',
    format: model.format,
    name: graph.name,
    nodes: graph.nodeCount,
    parameters,
    weightBytes: bytes,
    inputs: graph.inputs.filter((i) => !graph.value(i).weight).map(describe),
    outputs: graph.outputs.map(describe),
    operators: byCount(operators),
    sourceOperators: byCount(sources),
    unsupported: model.unsupported,
    warnings: model.warnings,
  };
  if (flags.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(
      `${file}: ${graph.nodeCount} operators, ${countText(parameters)} parameters, weights ${bytesText(bytes)}`,
    );
    for (const i of report.inputs) console.log(`input   ${i.name}  ${i.dtype} ${i.shape}`);
    for (const o of report.outputs) console.log(`output  ${o.name}  ${o.dtype} ${o.shape}`);
    console.log(`\n${table(['operator', 'count'], Object.entries(report.operators))}`);
    if (model.format !== 'onnx')
      console.log(
        `\n${table([`in the ${FORMATS[model.format]} file`, 'count'], Object.entries(report.sourceOperators))}`,
      );
    for (const u of model.unsupported) console.log(`not supported: ${u.reason}`);
    for (const w of model.warnings) console.log(`note: ${String(w)}`);
  }
  return EXIT.ok;
}

const byCount = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));

/** "profile 0  ids 1×1 … 1×64 … 8×128, activations 1.2 MB": least, best and largest shapes. */
function profileLine(header: EngineMessage, profile: number): string {
  const inputs = inputRanges(header, profile).map((r) => `${r.name} ${inputRangeText(r)}`);
  return `profile ${profile}  ${inputs.join(', ')}, activations ${bytesText(engineAt(header, profile).memory.arenaBytes)}`;
}

function inspectEngine(file: string, flags: InspectFlags): number {
  const { header, fileBytes, blobBytes } = readEngineFile(file, { verify: flags.verify === true });
  if (flags.json) {
    const { weights, ...rest } = header;
    const stored = weights.map((w) => ({ hash: w.hash, recipe: w.recipe, offset: w.offset, length: w.length }));
    console.log(JSON.stringify({ file, kind: 'engine', fileBytes, blobBytes, ...rest, weights: stored }, null, 2));
    return EXIT.ok;
  }
  const p = header.provenance;
  console.log(
    `${file}: engine of ${p.modelName || header.name}, ${header.layers.length} layers from ${header.sources.length} operators, ${bytesText(fileBytes)}`,
  );
  console.log(
    `device  ${p.device}${p.deviceFeatures.length ? ` with ${p.deviceFeatures.join(', ')}` : ''}, tactics chosen for ${header.threads} thread(s)`,
  );
  console.log(`memory  activations ${bytesText(header.memory.arenaBytes)}, weights ${bytesText(blobBytes)}`);
  const binding = (b: { name: string; value: number }): string => {
    const v = header.values[b.value]!;
    return `${b.name}  ${dtypeFromNumber(v.dtype)} ${v.shape.map((d) => dimMessageText(d, header.symbols)).join('×')}`;
  };
  for (const i of header.inputs) console.log(`input   ${binding(i)}`);
  for (const o of header.outputs) console.log(`output  ${binding(o)}`);
  const profiles = Array.from({ length: profileCount(header) }, (_, i) => i);
  if (isDynamic(header)) for (const i of profiles) console.log(profileLine(header, i));
  for (const i of profiles) {
    if (profiles.length > 1) console.log(`\nprofile ${i}`);
    const { layers } = engineAt(header, i);
    console.log(
      `\n${table(
        ['#', 'layer', 'tactic', 'operators'],
        layers.map((l, k) => [k, l.name, l.tactic, l.sources.length]),
      )}`,
    );
  }
  return EXIT.ok;
}
