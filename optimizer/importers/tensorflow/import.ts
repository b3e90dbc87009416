import { closeSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type protobuf from 'protobufjs';
import type { ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { asImportError } from '../common/asImportError.ts';
import { FileReader } from '../common/fileReader.ts';
import { FileWeights } from '../common/fileWeights.ts';
import { checkShapeNames, finishModel } from '../common/finish.ts';
import { openModel, yieldTo } from '../common/open.ts';
import { readSkeleton, type WireFormat } from '../common/skeleton.ts';
import { ImportError } from '../error.ts';
import type { ImportedModel, ImportOptions } from '../model.ts';
import { Bundle } from './bundle.ts';
import { CheckpointVariables } from './checkpoint.ts';
import { Converter } from './convert.ts';
import { addInput, askForShapes, type Declared } from './inputs.ts';
import type { GraphDef, MetaGraphDef, SavedModelProto, SignatureDef } from './messages.ts';
import { isValue } from './node.ts';
import { findOutputs } from './outputs.ts';
import { GRAPH_WIRE, SAVED_MODEL_WIRE, tensorflowType } from './schema.ts';
import { Scope } from './scope.ts';
import { NO_VARIABLES, type Variables } from './variables.ts';

/** A result of the network and the name that it goes by. */
export interface Output {
  readonly name: string;
  readonly from: string;
}

/** Imports a frozen graph; its outputs are the results that nothing reads. See importModel. */
export async function importGraphDef(path: string, options: ImportOptions): Promise<ImportedModel> {
  return withFile(resolve(path), options, async (reader, file) => {
    const graph = decode<GraphDef>(reader, GRAPH_WIRE, 'GraphDef', file, options);
    if (graph.node.length === 0)
      throw new ImportError('not-a-model', `${file} is not a TensorFlow graph: it has no nodes.`);
    await yieldTo(options);
    const outputs = findOutputs(graph).map((from) => ({ name: from, from }));
    const store = new FileWeights({ path: file, size: reader.size }, reader);
    return convertGraph(
      { graph, outputs, declared: new Map(), variables: NO_VARIABLES, store, file, warnings: [] },
      options,
    );
  });
}

/** Imports a SavedModel: its serving signature, with the variables of its checkpoint. `path` is the folder or the file in it. */
export async function importSavedModel(path: string, options: ImportOptions): Promise<ImportedModel> {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  const file = isFile ? resolve(path) : join(resolve(path), 'saved_model.pb');
  return withFile(file, options, async (reader) => {
    const saved = decode<SavedModelProto>(reader, SAVED_MODEL_WIRE, 'SavedModel', file, options);
    await yieldTo(options);
    const meta = pickGraph(saved, file);
    const warnings: string[] = [];
    const [name, signature] = pickSignature(meta, file, warnings);
    const graph = meta.graphDef!;
    const declared = new Map<string, Declared>();
    for (const [key, info] of Object.entries(signature.inputs))
      declared.set(info.name.split(':')[0]!, { name: key, shape: info.tensorShape });
    const outputs = Object.entries(signature.outputs).map(([key, info]) => ({ name: key, from: info.name }));
    const store = new FileWeights({ path: file, size: reader.size }, reader);
    const prefix = join(dirname(file), 'variables', 'variables');
    const hasVariables = graph.node.some((n) => /^(VarHandleOp|Variable|VariableV2)$/.test(n.op));
    const variables: Variables = hasVariables
      ? new CheckpointVariables(new Bundle(prefix), store, graph)
      : NO_VARIABLES;
    const version = meta.metaInfoDef?.tensorflowVersion ?? '';
    const model = convertGraph({ graph, outputs, declared, variables, store, file, warnings }, options);
    return {
      ...model,
      path: dirname(file),
      name: basename(dirname(file)),
      producer: { name: 'TensorFlow', version },
      metadata: { signature: name },
    };
  });
}

interface Given {
  readonly graph: GraphDef;
  readonly outputs: readonly Output[];
  readonly declared: ReadonlyMap<string, Declared>;
  readonly variables: Variables;
  readonly store: FileWeights;
  readonly file: string;
  readonly warnings: readonly string[];
  /** Constants whose values lie outside the graph, by node name. */
  readonly constants?: ReadonlyMap<string, WeightExpr>;
}

export function convertGraph(given: Given, options: ImportOptions): ImportedModel {
  const { graph, outputs, declared, store, file } = given;
  if (outputs.length === 0)
    throw new ImportError('not-a-model', `${file} computes nothing: no node has a result that is not read.`);
  const scope = new Scope(graph.node, '', 0);
  const needed = scope.order(outputs.map((o) => o.from));
  askForShapes(
    needed.filter((n) => /^Placeholder(V2)?$/.test(n.op)),
    declared,
    options,
  );
  const converter = new Converter(
    graph.library?.function ?? [],
    store,
    given.variables,
    options,
    (def) => addInput(converter.e, def, declared.get(def.name), options),
    given.constants,
  );
  const { e } = converter;
  const results = converter.run(
    scope,
    outputs.map((o) => o.from),
  );
  const taken = new Set<ValueId>();
  const values = results.map((r, i) => {
    const { name } = outputs[i]!;
    if (!isValue(r)) throw new ImportError('undefined-value', `The output "${name}" is never computed.`);
    const value = e.graph.value(r);
    // Inputs, constants and repeats get a value of their own that can carry the name.
    const own = taken.has(r) || value.weight || e.graph.inputs.includes(r);
    taken.add(r);
    if (!own) {
      e.graph.updateValue(r, { name });
      return r;
    }
    const source = { id: `output ${i}`, op: 'Identity', name };
    return e.operator(source, [r], [name], () => [e.node('Identity', [r])])[0] as ValueId;
  });
  e.graph.setOutputs(values);
  checkShapeNames(e.graph, options);
  for (const g of [e.graph, ...converter.subgraphs]) g.files.push(...store.files);
  options.onProgress?.('infer', needed.length, needed.length);
  return finishModel({
    format: 'tensorflow',
    path: file,
    name: basename(file, extname(file)),
    graph: e.graph,
    unsupported: e.unsupported,
    warnings: [...given.warnings, ...e.notes],
  });
}

async function withFile(
  file: string,
  options: ImportOptions,
  use: (reader: FileReader, file: string) => Promise<ImportedModel>,
): Promise<ImportedModel> {
  const fd = openModel(file);
  try {
    return await use(new FileReader(fd), file);
  } catch (e) {
    throw asImportError(e, file, options);
  } finally {
    closeSync(fd);
  }
}

function decode<T>(reader: FileReader, wire: WireFormat, type: string, file: string, options: ImportOptions): T {
  let reported = 0;
  const skeleton = readSkeleton(reader, wire, (at) => {
    if (at - reported < reader.size / 100) return;
    reported = at;
    options.onProgress?.('read', at, reader.size);
  });
  const message = tensorflowType(type) as protobuf.Type;
  try {
    return message.decode(skeleton) as unknown as T;
  } catch {
    throw new ImportError('not-a-model', `${file} is not ${wire.what}: its contents cannot be decoded.`);
  }
}

/** The graph for serving; training has others. */
function pickGraph(saved: SavedModelProto, file: string): MetaGraphDef {
  const graphs = saved.metaGraphs.filter((m) => m.graphDef);
  const meta = graphs.find((m) => m.metaInfoDef?.tags.includes('serve')) ?? graphs[0];
  if (!meta) throw new ImportError('not-a-model', `${file} is not a TensorFlow SavedModel: it holds no graph.`);
  return meta;
}

function pickSignature(meta: MetaGraphDef, file: string, warnings: string[]): [string, SignatureDef] {
  const usable = Object.entries(meta.signatureDef).filter(
    ([key, s]) => !key.startsWith('__saved_model') && Object.keys(s.outputs).length > 0,
  );
  const chosen =
    usable.find(([key]) => key === 'serving_default') ?? usable.find(([key]) => key === 'serve') ?? usable[0];
  if (!chosen) {
    throw new ImportError(
      'not-a-model',
      `${file} has no signature, so it does not say what is computed from what: save the model with one.`,
    );
  }
  const others = usable.filter(([key]) => key !== chosen[0]).map(([key]) => `"${key}"`);
  if (others.length > 0)
    warnings.push(`The signature "${chosen[0]}" was taken; the file also has ${others.join(', ')}.`);
  return chosen;
}
