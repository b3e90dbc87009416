import { writeFileSync } from 'node:fs';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';

/** Writes a model of one operator of a domain, on an image of 1×2×4×4. */
export function writeUnaryModel(path: string, domain: string, op: string): void {
  const shape = { dim: [1, 2, 4, 4].map((dimValue) => ({ dimValue })) };
  const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape } } });
  const graph = {
    name: 'unary',
    node: [{ opType: op, domain, name: op, input: ['x'], output: ['y'] }],
    input: [value('x')],
    output: [value('y')],
  };
  const opsetImport = [{ domain: '', version: 17 }, ...(domain === '' ? [] : [{ domain, version: 1 }])];
  writeFileSync(path, onnxType('ModelProto').encode({ irVersion: 8, opsetImport, graph }).finish());
}
