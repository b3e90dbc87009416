import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflowType } from '../../../optimizer/importers/tensorflow/schema.ts';
import { attr, FLOAT, RESOURCE, TfGraph } from './graph.ts';

const encode = (type: string, message: object): Uint8Array => {
  const t = tensorflowType(type);
  return t.encode(t.fromObject(message)).finish();
};

function varint(n: number): number[] {
  const out: number[] = [];
  for (let v = n; ; v = Math.floor(v / 128)) {
    if (v < 128) return [...out, v];
    out.push((v % 128) | 128);
  }
}

/** A block of a sorted table: keys share prefixes with the one before, with a restart every `every` entries. */
function block(entries: readonly (readonly [Uint8Array, Uint8Array])[], every: number): Uint8Array {
  const bytes: number[] = [];
  const restarts: number[] = [];
  let last: Uint8Array = new Uint8Array();
  entries.forEach(([key, value], i) => {
    let shared = 0;
    if (i % every === 0) restarts.push(bytes.length);
    else while (shared < last.length && last[shared] === key[shared]) shared++;
    bytes.push(
      ...varint(shared),
      ...varint(key.length - shared),
      ...varint(value.length),
      ...key.slice(shared),
      ...value,
    );
    last = key;
  });
  if (restarts.length === 0) restarts.push(0);
  for (const n of [...restarts, restarts.length]) bytes.push(...new Uint8Array(Uint32Array.of(n).buffer));
  return Uint8Array.from(bytes);
}

/** A table of several data blocks, as long lists of variables make them. Checksums are not written (and not read). */
export function table(entries: readonly (readonly [string, Uint8Array])[], perBlock = 3): Uint8Array {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts: Uint8Array[] = [];
  let offset = 0;
  const put = (b: Uint8Array): number[] => {
    const handle = [...varint(offset), ...varint(b.length)];
    parts.push(b, new Uint8Array(5));
    offset += b.length + 5;
    return handle;
  };
  const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
  const index: [Uint8Array, Uint8Array][] = [];
  for (let i = 0; i < sorted.length; i += perBlock) {
    const group = sorted.slice(i, i + perBlock).map(([k, v]) => [utf8(k), v] as const);
    index.push([group.at(-1)![0], Uint8Array.from(put(block(group, 16)))]);
  }
  const meta = put(block([], 1));
  const handles = [...meta, ...put(block(index, 1))];
  const footer = new Uint8Array(48);
  footer.set(handles);
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40);
  return Buffer.concat([...parts, footer]);
}

export interface Variable {
  readonly key: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Writes variables/variables.index and its data file. */
export function writeBundle(folder: string, variables: readonly Variable[]): void {
  mkdirSync(join(folder, 'variables'), { recursive: true });
  let offset = 0;
  const parts: Uint8Array[] = [];
  const entries = variables.map(({ key, shape, data }): [string, Uint8Array] => {
    const bytes = new Uint8Array(Float32Array.from(data).buffer);
    const entry = { dtype: FLOAT, shape: { dim: shape.map((size) => ({ size })) }, offset, size: bytes.length };
    parts.push(bytes);
    offset += bytes.length;
    return [key, encode('BundleEntryProto', entry)];
  });
  const header = encode('BundleHeaderProto', { numShards: 1 });
  writeFileSync(join(folder, 'variables/variables.index'), table([['', header], ...entries]));
  writeFileSync(join(folder, 'variables/variables.data-00000-of-00001'), Buffer.concat(parts));
}

/** Writes saved_model.pb with one signature; inputs and outputs by name, each "node:0". */
export function writeSavedModel(
  folder: string,
  graph: object,
  inputs: Readonly<Record<string, { tensor: string; shape: readonly number[] }>>,
  outputs: Readonly<Record<string, string>>,
): void {
  const info = (name: string, shape: readonly number[] | null): object => ({
    name,
    dtype: FLOAT,
    tensorShape: shape ? { dim: shape.map((size) => ({ size })) } : { unknownRank: true },
  });
  const signature = {
    inputs: Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, info(v.tensor, v.shape)])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([k, t]) => [k, info(t, null)])),
    methodName: 'tensorflow/serving/predict',
  };
  const meta = {
    metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.21.0' },
    graphDef: graph,
    signatureDef: { serving_default: signature },
  };
  writeFileSync(
    join(folder, 'saved_model.pb'),
    encode('SavedModel', { savedModelSchemaVersion: 1, metaGraphs: [meta] }),
  );
}

const node = (
  name: string,
  op: string,
  input: readonly string[],
  attrs: Readonly<Record<string, object>> = {},
): object => ({
  name,
  op,
  input,
  attr: attrs,
});

/**
 * relu(x·w + b) with the product in a function of its own, as Keras exports it: handles go into the call, the restoring
 * function says which checkpoint entry each of them is. Variables share their name, so that only that function tells.
 */
export function writeDenseModel(folder: string): { w: number[]; b: number[] } {
  const g = new TfGraph(77);
  const [w, b] = [g.random([4, 3]), g.random([3])];
  const float = { T: attr.type(FLOAT) };
  const dtype = { dtype: attr.type(FLOAT) };
  const dense = {
    signature: {
      name: '__inference_dense',
      inputArg: [
        { name: 'x', type: FLOAT },
        { name: 'matmul_resource', type: RESOURCE },
        { name: 'add_resource', type: RESOURCE },
      ],
      outputArg: [{ name: 'identity', type: FLOAT }],
    },
    nodeDef: [
      node('MatMul/ReadVariableOp', 'ReadVariableOp', ['matmul_resource'], dtype),
      node('MatMul', 'MatMul', ['x', 'MatMul/ReadVariableOp:value:0'], float),
      node('BiasAdd/ReadVariableOp', 'ReadVariableOp', ['add_resource'], dtype),
      node('BiasAdd', 'BiasAdd', ['MatMul:product:0', 'BiasAdd/ReadVariableOp:value:0'], float),
      node('Relu', 'Relu', ['BiasAdd:output:0'], float),
      node('Identity', 'Identity', ['Relu:activations:0', '^NoOp'], float),
      node('NoOp', 'NoOp', []),
    ],
    ret: { identity: 'Identity:output:0' },
  };
  const names = {
    dtype: 7,
    tensorShape: { dim: [{ size: 2 }] },
    stringVal: ['variables/0/VALUE', 'variables/1/VALUE'].map((s) => new TextEncoder().encode(s)),
  };
  const restore = {
    signature: {
      name: '__inference__traced_restore',
      inputArg: [
        { name: 'file_prefix', type: 7 },
        { name: 'assign_a', type: RESOURCE },
        { name: 'assign_b', type: RESOURCE },
      ],
      outputArg: [],
    },
    nodeDef: [
      node('RestoreV2/tensor_names', 'Const', [], { dtype: attr.type(7), value: { tensor: names } }),
      node('RestoreV2', 'RestoreV2', [
        'file_prefix',
        'RestoreV2/tensor_names:output:0',
        'RestoreV2/tensor_names:output:0',
      ]),
      node('Identity', 'Identity', ['RestoreV2:tensors:0'], float),
      node('AssignVariableOp', 'AssignVariableOp', ['assign_a', 'Identity:output:0'], dtype),
      node('Identity_1', 'Identity', ['RestoreV2:tensors:1'], float),
      node('AssignVariableOp_1', 'AssignVariableOp', ['assign_b', 'Identity_1:output:0'], dtype),
    ],
  };
  const handle = (name: string, shape: readonly number[]): object =>
    node(name, 'VarHandleOp', [], { ...dtype, shape: attr.shape(shape), shared_name: attr.text('dense/variable') });
  const graph = {
    node: [
      node('serving_default_x', 'Placeholder', [], { ...dtype, shape: attr.shape([-1, 4]) }),
      handle('dense/bias', [3]),
      handle('dense/kernel', [4, 3]),
      node('StatefulPartitionedCall', 'StatefulPartitionedCall', ['serving_default_x', 'dense/kernel', 'dense/bias'], {
        f: attr.func('__inference_dense'),
      }),
      node('saver_filename', 'Placeholder', [], { dtype: attr.type(7), shape: attr.shape([]) }),
      node('StatefulPartitionedCall_1', 'StatefulPartitionedCall', ['saver_filename', 'dense/kernel', 'dense/bias'], {
        f: attr.func('__inference__traced_restore'),
      }),
    ],
    library: { function: [dense, restore] },
  };
  writeSavedModel(
    folder,
    graph,
    { x: { tensor: 'serving_default_x:0', shape: [-1, 4] } },
    { y: 'StatefulPartitionedCall:0' },
  );
  writeBundle(folder, [
    { key: 'variables/0/VALUE', shape: [4, 3], data: w },
    { key: 'variables/1/VALUE', shape: [3], data: b },
  ]);
  return { w, b };
}
