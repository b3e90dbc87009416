import { ImportError } from './error.ts';
import type { ImportedModel, ImportOptions } from './model.ts';
import { importOnnx } from './onnx/import.ts';

export { ImportError, type ImportErrorCode } from './error.ts';
export type { ImportedModel, ImportOptions, ModelTensor, UnsupportedOperator } from './model.ts';

/**
 * Imports a model file without reading its weights. Throws ImportError with one sentence when the file is not a model,
 * is damaged, or contradicts itself; operators that are not known do not stop it (`unsupported` lists them).
 */
export async function importModel(path: string, options: ImportOptions = {}): Promise<ImportedModel> {
  options.stop?.throwIfAborted();
  if (/\.(prototxt|caffemodel|pb)$/i.test(path)) {
    throw new ImportError('not-a-model', `${path} is not an ONNX model; only .onnx files can be opened so far.`);
  }
  return importOnnx(path, options);
}
