import { extname } from 'node:path';
import { findCompanion } from './caffe/find.ts';
import { importCaffe } from './caffe/import.ts';
import { ImportError, type ImportErrorCode } from './error.ts';
import type { ImportedModel, ImportOptions } from './model.ts';
import { importOnnx } from './onnx/import.ts';
import { type Sniffed, sniff } from './sniff.ts';
import { importGraphDef, importSavedModel } from './tensorflow/import.ts';
import { importTfjs } from './tensorflow/tfjs.ts';

export type { ImportedModel, ImportOptions, ModelTensor, UnsupportedOperator } from './model.ts';
export { ImportError, type ImportErrorCode };

/** Formats by ending, for files that do not tell themselves (empty, damaged): the importer then says what is wrong. */
const BY_ENDING: Readonly<Record<string, Sniffed>> = {
  '.prototxt': 'caffe-network',
  '.caffemodel': 'caffe-weights',
  '.pb': 'tensorflow-graph',
};

/**
 * Imports a model without reading its weights: an ONNX file, either file of a Caffe pair, a TensorFlow graph or a
 * SavedModel folder, told apart by content. Throws ImportError with one sentence when the file is not a model, is
 * damaged, or contradicts itself; operators that are not known do not stop it (`unsupported` lists them).
 */
export async function importModel(path: string, options: ImportOptions = {}): Promise<ImportedModel> {
  options.stop?.throwIfAborted();
  const kind = sniff(path) ?? BY_ENDING[extname(path).toLowerCase()] ?? 'onnx';
  switch (kind) {
    case 'caffe-network':
      return importCaffe({ network: path, weights: options.weights ?? findCompanion(path, 'weights') }, options);
    case 'caffe-weights':
      return importCaffe({ network: options.weights ?? findCompanion(path, 'network'), weights: path }, options);
    case 'tensorflow-graph':
      return importGraphDef(path, options);
    case 'tensorflow-saved-model':
      return importSavedModel(path, options);
    case 'tensorflow-js':
      return importTfjs(path, options);
    case 'engine':
      throw new ImportError(
        'not-a-model',
        `${path} is an engine, the result of a build: open the model that it was built from, or measure it with "sinter profile".`,
      );
    default:
      return importOnnx(path, options);
  }
}
