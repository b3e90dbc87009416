import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const sample = (name: string): string => join(ROOT, 'assets/models', `${name}.onnx`);

/** A folder that goes away with the test file. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-import-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

type Dim = number | string;
export const value = (name: string, dims: readonly Dim[], elemType = 1): object => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
});

export const floats = (name: string, dims: readonly number[], data: readonly number[]): object => ({
  name,
  dims,
  dataType: 1,
  rawData: new Uint8Array(Float32Array.from(data).buffer),
});

export const ints = (name: string, dims: readonly number[], data: readonly number[]): object => ({
  name,
  dims,
  dataType: 7,
  rawData: new Uint8Array(BigInt64Array.from(data.map(BigInt)).buffer),
});

export const attr = {
  int: (name: string, i: number): object => ({ name, type: 2, i }),
  float: (name: string, f: number): object => ({ name, type: 1, f }),
  string: (name: string, s: string): object => ({ name, type: 3, s: new TextEncoder().encode(s) }),
  ints: (name: string, v: readonly number[]): object => ({ name, type: 7, ints: v }),
  floats: (name: string, v: readonly number[]): object => ({ name, type: 6, floats: v }),
  tensor: (name: string, t: object): object => ({ name, type: 4, t }),
  graph: (name: string, g: object): object => ({ name, type: 5, g }),
  ref: (name: string, refAttrName: string, type: number): object => ({ name, type, refAttrName }),
};

export const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly object[] = [],
  domain = '',
): object => ({ opType, input, output, attribute, name: `${opType}_${output[0]}`, ...(domain ? { domain } : {}) });

export interface ModelSpec {
  readonly graph: object;
  readonly opset?: number;
  readonly ir?: number;
  readonly functions?: readonly object[];
  readonly domains?: Readonly<Record<string, number>>;
}

export function modelBytes(m: ModelSpec): Uint8Array {
  const opsetImport = [
    { domain: '', version: m.opset ?? 17 },
    ...Object.entries(m.domains ?? {}).map(([domain, version]) => ({ domain, version })),
  ];
  const message = {
    irVersion: m.ir ?? 8,
    producerName: 'test',
    opsetImport,
    graph: m.graph,
    functions: m.functions ?? [],
  };
  return onnxType('ModelProto').encode(message).finish();
}

let count = 0;
export function writeModel(dir: string, m: ModelSpec): string {
  const path = join(dir, `model${count++}.onnx`);
  writeFileSync(path, modelBytes(m));
  return path;
}
