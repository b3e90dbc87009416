import { closeSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import type protobuf from 'protobufjs';
import { asImportError } from '../common/asImportError.ts';
import { FileReader } from '../common/fileReader.ts';
import { FileWeights } from '../common/fileWeights.ts';
import { finishModel } from '../common/finish.ts';
import { openModel, yieldTo } from '../common/open.ts';
import { readSkeleton } from '../common/skeleton.ts';
import { ImportError } from '../error.ts';
import type { ImportedModel, ImportOptions } from '../model.ts';
import { Blobs } from './blobs.ts';
import { NetBuilder } from './build.ts';
import { type CaffeFiles, missingNetwork, missingWeights } from './find.ts';
import { needsWeights } from './inputs.ts';
import type { LayerParameter, NetParameter } from './messages.ts';
import { forInference } from './rules.ts';
import { CAFFE_WIRE, caffeType } from './schema.ts';
import { parseText } from './textFormat.ts';
import { layersOf } from './upgrade.ts';

/** Longest network description that is read: real ones have some thousand lines. */
const MAX_TEXT = 64 * 1024 * 1024;
/** Fields that files of other branches have and that change nothing in inference. */
const MAX_WARNINGS = 20;

/** Imports a Caffe network from its description, its weights, or both; see importModel. */
export async function importCaffe(files: CaffeFiles, options: ImportOptions): Promise<ImportedModel> {
  const main = resolve((files.network ?? files.weights)!);
  const weightsPath = files.weights ? resolve(files.weights) : null;
  let fd: number | null = null;
  try {
    const warnings: string[] = [];
    const described = files.network ? readNetwork(resolve(files.network), warnings) : null;
    await yieldTo(options);
    fd = weightsPath ? openModel(weightsPath) : null;
    const reader = fd === null ? null : new FileReader(fd);
    const trained = reader ? readWeights(reader, weightsPath!, options) : null;
    await yieldTo(options);
    const net = described ?? trained!;
    const layers = forInference(layersOf(net));
    if (layers.length === 0 && !described && layersOf(net).length > 0) throw missingNetwork(main);
    if (layers.length === 0) throw new ImportError('not-a-model', `${main} is not a Caffe network: it has no layers.`);
    const own = layers.some((l) => l.blobs.length > 0);
    if (!trained && !own && needsWeights(layers)) throw missingWeights(main);
    const model = { path: weightsPath ?? main, size: reader?.size ?? statSync(main).size };
    // A network without weights still has a place for constants that are computed on import.
    const store = new FileWeights(model, reader);
    const blobs = new Blobs(store, trained ? layersOf(trained) : layers);
    const builder = new NetBuilder(blobs, options);
    builder.build(net, layers);
    builder.e.graph.files.push(...store.files);
    if (trained) warnings.push(...unmatched(layersOf(trained), net));
    const companion = main === weightsPath || !weightsPath ? [] : [weightsPath];
    return finishModel({
      format: 'caffe',
      path: main,
      companions: companion,
      name: net.name || basename(main, extname(main)),
      graph: builder.e.graph,
      unsupported: builder.e.unsupported,
      warnings: [...warnings, ...builder.warnings],
    });
  } catch (e) {
    throw asImportError(e, main, options);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function readNetwork(file: string, warnings: string[]): NetParameter {
  const fd = openModel(file);
  closeSync(fd);
  if (statSync(file).size > MAX_TEXT)
    throw new ImportError('not-a-model', `${file} is too long for a network description.`);
  const text = new TextDecoder('utf-8').decode(readFileSync(file));
  const { message, unknown } = parseText<NetParameter>(text, caffeType('NetParameter'), basename(file));
  // Settings that only training reads are no news; what the layers themselves do not know may be.
  const foreign = unknown.filter((u) => u.message === 'LayerParameter' && !TRAINING.has(u.name));
  for (const u of foreign.slice(0, MAX_WARNINGS))
    warnings.push(
      `${basename(file)}, line ${u.line}: "${u.name}" is not a setting that is known here; it was passed over.`,
    );
  return message;
}

/** Settings of training that caffe.proto leaves out. */
const TRAINING: ReadonlySet<string> = new Set([
  'accuracy_param',
  'annotated_data_param',
  'blobs_lr',
  'contrastive_loss_param',
  'detection_evaluate_param',
  'hdf5_data_param',
  'hdf5_output_param',
  'hinge_loss_param',
  'infogain_loss_param',
  'loss_param',
  'loss_weight',
  'multibox_loss_param',
  'propagate_down',
  'sigmoid_param',
  'tanh_param',
  'weight_decay',
  'window_data_param',
]);

function readWeights(reader: FileReader, file: string, options: ImportOptions): NetParameter {
  let reported = 0;
  const skeleton = readSkeleton(reader, CAFFE_WIRE, (at) => {
    if (at - reported < reader.size / 100) return;
    reported = at;
    options.onProgress?.('read', at, reader.size);
  });
  const type = caffeType('NetParameter') as protobuf.Type;
  let net: NetParameter;
  try {
    net = type.decode(skeleton) as unknown as NetParameter;
  } catch {
    throw new ImportError('not-a-model', `${file} is not a Caffe model: its contents cannot be decoded.`);
  }
  if (net.layer.length === 0 && net.layers.length === 0)
    throw new ImportError('not-a-model', `${file} is not a Caffe model: it holds no layers.`);
  return net;
}

/** Layers of the weights file that the network does not have: the files may not belong together. */
function unmatched(trained: readonly LayerParameter[], net: NetParameter): string[] {
  const names = new Set(layersOf(net).map((l) => l.name));
  const extra = trained.filter((l) => l.blobs.length > 0 && !names.has(l.name)).map((l) => `"${l.name}"`);
  if (extra.length === 0) return [];
  const list = extra.slice(0, 5).join(', ');
  return [
    `The weights file has numbers for ${list}${extra.length > 5 ? ` and ${extra.length - 5} more layers` : ''}, which the network does not have.`,
  ];
}
