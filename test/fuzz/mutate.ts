import { onnxType } from '../../optimizer/importers/onnx/schema.ts';

/* Damaged copies of ONNX models: single bytes, or one to four changes of what a decoded model says. */

type Draw = () => number;
interface Attribute {
  name: string;
  type: number;
  i?: unknown;
  f?: number;
  ints?: unknown[];
  floats?: number[];
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
}
interface NodeProto {
  opType: string;
  input: string[];
  output: string[];
  attribute: Attribute[];
}
interface TensorProto {
  dims: unknown[];
  dataType: number;
  rawData?: Uint8Array;
  int64Data?: unknown[];
  int32Data?: number[];
  floatData?: number[];
}
interface ValueProto {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: { dimValue?: unknown; dimParam?: string }[] } } };
}
interface GraphProto {
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueProto[];
  output: ValueProto[];
}
interface ModelProto {
  graph: GraphProto;
  opsetImport: { domain?: string; version: unknown }[];
}

/** Whole numbers that programs are seldom asked about. */
const INTS = [
  0,
  1,
  -1,
  2,
  3,
  -2,
  5,
  7,
  8,
  -7,
  16,
  31,
  63,
  64,
  100,
  255,
  1000,
  -1000,
  65536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 31,
  2 ** 40,
  -(2 ** 40),
  Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER,
];
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-30,
  1e30,
  -1e30,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2.5,
  1e9,
];
const TEXTS = [
  '',
  'constant',
  'reflect',
  'edge',
  'wrap',
  'linear',
  'nearest',
  'cubic',
  'SAME_UPPER',
  'VALID',
  'NOTSET',
  'bidirectional',
  'reverse',
  'x',
  'add',
  'mul',
  'max',
  'ij,jk->ik',
  'i...->...',
  'CRD',
  'half_pixel',
  'tf_crop_and_resize',
  'Tanh',
];
const TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 99];

const pick = <T>(draw: Draw, list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
const small = (draw: Draw): number => (draw() < 0.75 ? Math.floor(draw() * 9) - 2 : pick(draw, INTS));

function changeInts(draw: Draw, list: unknown[]): void {
  const what = draw();
  if (list.length > 0 && what < 0.6) list[Math.floor(draw() * list.length)] = small(draw);
  else if (what < 0.8) list.push(small(draw));
  else list.pop();
}

function changeTensor(draw: Draw, t: TensorProto): void {
  const what = draw();
  if (what < 0.3) changeInts(draw, t.dims);
  else if (what < 0.45) t.dataType = pick(draw, TYPES);
  else if (what < 0.6 && t.rawData)
    t.rawData = Uint8Array.from(t.rawData).subarray(0, Math.floor(draw() * (t.rawData.length + 1)));
  else if (t.rawData && t.rawData.length > 0) {
    const bytes = Uint8Array.from(t.rawData);
    if (t.dataType === 7 && bytes.length >= 8) {
      const view = new DataView(bytes.buffer);
      view.setBigInt64(8 * Math.floor(draw() * Math.floor(bytes.length / 8)), BigInt(small(draw)), true);
    } else bytes[Math.floor(draw() * bytes.length)] = Math.floor(draw() * 256);
    t.rawData = bytes;
  } else if (t.int64Data?.length) changeInts(draw, t.int64Data);
  else if (t.floatData?.length) t.floatData[Math.floor(draw() * t.floatData.length)] = pick(draw, FLOATS);
}

function changeAttribute(draw: Draw, node: NodeProto, operators: readonly NodeProto[]): void {
  const a = node.attribute.length > 0 ? pick(draw, node.attribute) : undefined;
  if (!a || draw() < 0.15) {
    // One that another operator has.
    const donor = pick(draw, operators);
    if (donor.attribute.length > 0) node.attribute.push(structuredClone(pick(draw, donor.attribute)));
    return;
  }
  if (draw() < 0.1) node.attribute.splice(node.attribute.indexOf(a), 1);
  else if (a.g) changeGraph(draw, a.g, operators);
  else if (a.t) changeTensor(draw, a.t);
  else if (a.ints?.length || a.type === 7) changeInts(draw, (a.ints ??= []));
  else if (a.floats?.length) a.floats[Math.floor(draw() * a.floats.length)] = pick(draw, FLOATS);
  else if (a.type === 1) a.f = pick(draw, FLOATS);
  else if (a.type === 3) a.s = new TextEncoder().encode(pick(draw, TEXTS));
  else a.i = small(draw);
}

function changeGraph(draw: Draw, g: GraphProto, operators: readonly NodeProto[]): void {
  const what = draw();
  const node = g.node.length > 0 ? pick(draw, g.node) : undefined;
  const names = [...g.input.map((v) => v.name), ...g.node.flatMap((n) => n.output)];
  if (node && what < 0.4) changeAttribute(draw, node, operators);
  else if (node && what < 0.5) {
    if (node.input.length > 0 && draw() < 0.7)
      node.input[Math.floor(draw() * node.input.length)] = pick(draw, [...names, '']);
    else if (draw() < 0.5) node.input.pop();
    else node.input.push(pick(draw, names));
  } else if (node && what < 0.6) node.opType = pick(draw, operators).opType;
  else if (node && what < 0.63) node.output.push(`extra${Math.floor(draw() * 1e6)}`);
  else if (g.initializer.length > 0 && what < 0.75) changeTensor(draw, pick(draw, g.initializer));
  else {
    const type = g.input.length > 0 ? pick(draw, g.input).type?.tensorType : undefined;
    if (!type) return;
    if (draw() < 0.3) type.elemType = pick(draw, TYPES);
    else if (type.shape) {
      const { dim } = type.shape;
      const kind = draw();
      if (dim.length > 0 && kind < 0.7)
        dim[Math.floor(draw() * dim.length)] = draw() < 0.2 ? { dimParam: 'n' } : { dimValue: small(draw) };
      else if (kind < 0.85) dim.push({ dimValue: Math.floor(draw() * 4) });
      else dim.pop();
    }
  }
}

/** Operators of a model, for others to take attributes and names from. */
export function operatorsOf(bytes: Uint8Array): NodeProto[] {
  return (onnxType('ModelProto').decode(bytes) as unknown as ModelProto).graph.node;
}

/** A damaged copy. `operators` are what changes are drawn from. */
export function damaged(bytes: Uint8Array, operators: readonly NodeProto[], draw: Draw): Uint8Array {
  if (draw() < 0.15) {
    const copy = Uint8Array.from(bytes);
    for (let i = 0; i < 1 + draw() * 3; i++) copy[Math.floor(draw() * copy.length)] = Math.floor(draw() * 256);
    return copy;
  }
  const type = onnxType('ModelProto');
  const model = type.decode(bytes) as unknown as ModelProto;
  for (let i = 0; i < 1 + draw() * 3; i++) changeGraph(draw, model.graph, operators);
  if (draw() < 0.05 && model.opsetImport[0]) model.opsetImport[0].version = 7 + Math.floor(draw() * 22);
  return type.encode(type.create(model as unknown as Record<string, unknown>)).finish();
}
