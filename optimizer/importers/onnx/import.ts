import { closeSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { substituteDim } from '../../ir/dim.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { findOp } from '../../ops/index.ts';
import { bindShapes, inferTypes } from '../../ops/infer.ts';
import { asImportError } from '../common/asImportError.ts';
import { FileReader } from '../common/fileReader.ts';
import { openModel, yieldTo } from '../common/open.ts';
import { readSkeleton } from '../common/skeleton.ts';
import { ImportError } from '../error.ts';
import type { ImportedModel, ImportOptions, ModelTensor, UnsupportedOperator } from '../model.ts';
import { GraphBuilder, opsetMap } from './build.ts';
import { int, type ModelProto } from './messages.ts';
import { onnxType } from './schema.ts';
import { TensorSource } from './tensor.ts';
import { ONNX_WIRE } from './wire.ts';

const OLDEST_OPSET = 1;
/** Newest version of the default operator set whose changes ops/ knows. */
export const NEWEST_OPSET = 28;

/** Imports an ONNX file; see importModel. */
export async function importOnnx(path: string, options: ImportOptions): Promise<ImportedModel> {
  const file = resolve(path);
  const fd = openModel(file);
  try {
    const reader = new FileReader(fd);
    const proto = decodeOr(reader, file, options);
    await yieldTo(options);
    return build(proto, reader, file, options);
  } catch (e) {
    throw asImportError(e, file, options);
  } finally {
    closeSync(fd);
  }
}

/** Decoding failures of a text file say so: someone chose the wrong file. */
function decodeOr(reader: FileReader, file: string, options: ImportOptions): ModelProto {
  try {
    return decode(reader, file, options);
  } catch (e) {
    const head = reader.bytes(0, Math.min(512, reader.size));
    const isText = head.every((b) => b === 9 || b === 10 || b === 13 || (b >= 32 && b !== 127));
    if (e instanceof ImportError && isText)
      throw new ImportError('not-a-model', `${file} is a text file, not an ONNX model.`);
    throw e;
  }
}

function decode(reader: FileReader, file: string, options: ImportOptions): ModelProto {
  let reported = 0;
  const skeleton = readSkeleton(reader, ONNX_WIRE, (at) => {
    if (at - reported < reader.size / 100) return;
    reported = at;
    options.onProgress?.('read', at, reader.size);
  });
  const type = onnxType('ModelProto');
  let model: ModelProto;
  try {
    model = type.decode(skeleton) as unknown as ModelProto;
  } catch {
    throw new ImportError('not-a-model', `${file} is not an ONNX model: its contents cannot be decoded.`);
  }
  if (
    !model.graph ||
    (model.graph.node.length === 0 && model.graph.output.length === 0) ||
    int(model.irVersion) === 0
  ) {
    throw new ImportError('not-a-model', `${file} is not an ONNX model: it holds no graph.`);
  }
  return model;
}

function build(model: ModelProto, reader: FileReader, file: string, options: ImportOptions): ImportedModel {
  const irVersion = int(model.irVersion);
  const opsets = opsetMap(model.opsetImport);
  const warnings: string[] = [];
  checkVersions(irVersion, opsets, warnings);
  const tensors = new TensorSource({ path: file, size: reader.size }, reader, dirname(file));
  const builder = new GraphBuilder(tensors, model.functions);
  const graph = builder.buildModel(model.graph!, opsets);
  fixInputs(graph, options);

  const total = graph.nodeCount;
  const unsupported = new Map<string, UnsupportedOperator>();
  let done = 0;
  inferTypes(graph, {
    prepare: (g, node) => {
      if (g === graph && ++done % 256 === 0) {
        options.stop?.throwIfAborted();
        options.onProgress?.('infer', done, total);
      }
      upgrade(builder, g, node);
    },
    onUnsupported: (node, reason) => {
      const source = node.source[0]!;
      unsupported.set(source, {
        source,
        op: node.op,
        domain: node.domain,
        name: node.name,
        reason: refusal(node, reason, opsets),
      });
    },
  });
  // Branches that cannot be taken are not typed to their end; their operators are brought to the newest form all the same.
  for (const [g, versions] of builder.versions) {
    for (const id of [...versions.keys()]) {
      const node = g.findNode(id);
      if (node) upgrade(builder, g, node);
    }
  }
  options.onProgress?.('infer', total, total);
  const named = (ids: readonly number[]): ModelTensor[] =>
    ids.map((id) => ({ name: graph.value(id).name, type: graph.value(id).type }));
  return {
    format: 'onnx',
    path: file,
    name: graph.name || basename(file).replace(/\.onnx$/i, ''),
    graph,
    producer: { name: model.producerName, version: model.producerVersion },
    irVersion,
    opsets: Object.fromEntries(opsets),
    metadata: Object.fromEntries(model.metadataProps.map((p) => [p.key, p.value])),
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    unsupported: [...unsupported.values()],
    warnings,
  };
}

function checkVersions(irVersion: number, opsets: ReadonlyMap<string, number>, warnings: string[]): void {
  if (irVersion < 3) {
    throw new ImportError(
      'unsupported-version',
      `The model is of ONNX IR version ${irVersion}; versions from 3 on are supported: export it again with a newer exporter.`,
    );
  }
  const opset = opsets.get('');
  if (opset === undefined) {
    if (opsets.size === 0) throw new ImportError('not-a-model', 'The model does not say which operator sets it uses.');
    return;
  }
  if (opset < OLDEST_OPSET) {
    throw new ImportError(
      'unsupported-version',
      `The model uses operator set ${opset}; sets from ${OLDEST_OPSET} on are supported: export it again with a newer one.`,
    );
  }
  if (opset > NEWEST_OPSET) {
    warnings.push(
      `The model uses operator set ${opset}, which is newer than the newest known one (${NEWEST_OPSET}); operators that changed since may be misread.`,
    );
  }
}

function fixInputs(graph: Graph, options: ImportOptions): void {
  if (!options.shapes) return;
  const inputs = graph.inputs.map((id) => graph.value(id));
  const bind = bindShapes(inputs, options.shapes);
  for (const v of inputs) {
    const given = options.shapes[v.name];
    const shape = v.type.shape?.map((d) => substituteDim(d, bind)) ?? given;
    if (shape) graph.updateValue(v.id, { type: { ...v.type, shape } });
  }
}

/** Brings a node to the newest form, once. */
function upgrade(builder: GraphBuilder, graph: Graph, node: Node): void {
  const versions = builder.versions.get(graph);
  const version = versions?.get(node.id);
  if (version === undefined) return;
  versions!.delete(node.id);
  for (const step of findOp(node.domain, node.op)?.upgrades ?? []) {
    if (version >= step.below) continue;
    step.apply(graph, graph.node(node.id));
    const now = graph.findNode(node.id);
    if (now?.op !== node.op || now.domain !== node.domain) return;
  }
}

function refusal(node: Node, reason: string, opsets: ReadonlyMap<string, number>): string {
  const where = node.domain === '' ? `operator set ${opsets.get('') ?? '?'}` : `the domain "${node.domain}"`;
  return `The operator ${node.op} of ${where} ${reason}; a plugin that defines it makes the model build.`;
}
