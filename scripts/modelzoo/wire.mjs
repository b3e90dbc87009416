// Encoding of the few ONNX messages that the made models consist of, by the public field numbers of the format.

const text = new TextEncoder();

export function varint(value) {
  let v = BigInt.asUintN(64, BigInt(value));
  const out = [];
  while (v >= 128n) {
    out.push(Number(v & 127n) | 128);
    v >>= 7n;
  }
  out.push(Number(v));
  return Uint8Array.from(out);
}

export function join(parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export const int = (field, value) => join([varint(field * 8), varint(value)]);
/** Head of a length-delimited field whose contents follow. */
export const head = (field, length) => join([varint(field * 8 + 2), varint(length)]);
export const bytes = (field, body) => join([head(field, body.length), body]);
export const string = (field, value) => bytes(field, text.encode(value));

function float(field, value) {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setFloat32(0, value, true);
  return join([varint(field * 8 + 5), b]);
}

/** Attribute by the kind of its value: {float: x}, whole number, string, list of whole numbers, {floats: […]}, {tensor: bytes}. */
export function attribute(name, value) {
  const parts = [string(1, name)];
  if (typeof value === 'number') parts.push(int(3, value), int(20, 2));
  else if (typeof value === 'string') parts.push(string(4, value), int(20, 3));
  else if (Array.isArray(value)) parts.push(...value.map((v) => int(8, v)), int(20, 7));
  else if ('float' in value) parts.push(float(2, value.float), int(20, 1));
  else if ('floats' in value) parts.push(...value.floats.map((v) => float(7, v)), int(20, 6));
  else if ('tensor' in value) parts.push(bytes(5, value.tensor), int(20, 4));
  else throw new TypeError(`attribute ${name} has no known kind`);
  return join(parts);
}

export const TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** ValueInfoProto; a string is a symbolic dimension. */
export function valueInfo(name, dtype, dims) {
  const shape = dims.map((d) => bytes(1, typeof d === 'string' ? string(2, d) : int(1, d)));
  const tensor = join([int(1, TYPES[dtype]), bytes(2, join(shape))]);
  return join([string(1, name), bytes(2, bytes(1, tensor))]);
}

/** TensorProto up to its payload: dims, type, name, head of raw_data. */
export function tensorHead(name, dtype, dims, length) {
  return join([...dims.map((d) => int(1, d)), int(2, TYPES[dtype]), string(8, name), head(9, length)]);
}
