import { type AttrValue, Graph } from '../../ir/graph.ts';
import type { TensorLiteral } from '../../ir/tensor.ts';
import { codeOfDtype } from '../../ops/common/dtypes.ts';
import { findOp } from '../../ops/index.ts';

const text = new TextEncoder();

/** TensorProto of a literal, as protobufjs encodes it. */
export function tensorMessage(t: TensorLiteral, name = ''): object {
  const base = { dims: [...t.shape], dataType: codeOfDtype(t.dtype), ...(name ? { name } : {}) };
  return t.dtype === 'string' ? { ...base, stringData: strings(t) } : { ...base, rawData: t.bytes };
}

/** The inverse of the importer's form of strings: 32-bit length, then UTF-8. */
function strings(t: TensorLiteral): Uint8Array[] {
  const view = new DataView(t.bytes.buffer, t.bytes.byteOffset, t.bytes.byteLength);
  const out: Uint8Array[] = [];
  for (let at = 0; at < t.bytes.length; ) {
    const n = view.getUint32(at, true);
    out.push(t.bytes.subarray(at + 4, at + 4 + n));
    at += 4 + n;
  }
  return out;
}

/** AttributeProto of a value that holds no subgraph. The operator's definition tells 1 from 1.0. */
export function attributeMessage(domain: string, op: string, name: string, value: Exclude<AttrValue, Graph>): object {
  const spec = findOp(domain, op)?.attrs[name]?.type;
  if (typeof value === 'number') {
    const whole = spec ? spec === 'int' : Number.isInteger(value);
    return whole ? { name, type: 2, i: value } : { name, type: 1, f: value };
  }
  if (typeof value === 'string') return { name, type: 3, s: text.encode(value) };
  if (!Array.isArray(value)) return { name, type: 4, t: tensorMessage(value as TensorLiteral) };
  const list = value as readonly (number | string | Graph)[];
  if (list.some((x) => x instanceof Graph)) throw new TypeError(`attribute "${name}" holds graphs`);
  if (spec === 'strings' || typeof list[0] === 'string')
    return { name, type: 8, strings: list.map((s) => text.encode(String(s))) };
  const whole = spec ? spec === 'ints' : list.every((x) => Number.isInteger(x));
  return whole ? { name, type: 7, ints: list } : { name, type: 6, floats: list };
}
