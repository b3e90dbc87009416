import type { DimExpr } from '../ir/dim.ts';
import type { DataType } from '../ir/dtype.ts';
import type { DimExprMessage } from './messages.ts';

/** Numbers of engine.proto's DataType, which are those of onnx.TensorProto.DataType. */
const DTYPE_NUMBER: Record<DataType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
};
const DTYPE_NAME = new Map(Object.entries(DTYPE_NUMBER).map(([k, v]) => [v, k as DataType]));

export const dtypeNumber = (t: DataType): number => DTYPE_NUMBER[t];
export function dtypeFromNumber(n: number): DataType {
  const t = DTYPE_NAME.get(n);
  if (!t) throw new RangeError(`unknown element type ${n}`);
  return t;
}

const KIND = { add: 2, mul: 3, floorDiv: 4, ceilDiv: 5, min: 6, max: 7 } as const;
const KIND_NAME = ['constant', 'symbol', 'add', 'mul', 'floorDiv', 'ceilDiv', 'min', 'max'] as const;

/** Symbols are numbered by first use; the table goes into the engine. */
export class SymbolTable {
  readonly names: string[] = [];
  index(name: string): number {
    const at = this.names.indexOf(name);
    return at >= 0 ? at : this.names.push(name) - 1;
  }
}

export function encodeDim(d: DimExpr, symbols: SymbolTable): DimExprMessage {
  if (typeof d === 'number') return { kind: 0, value: d };
  if (typeof d === 'string') return { kind: 1, value: symbols.index(d) };
  return { kind: KIND[d.op], args: d.args.map((a) => encodeDim(a, symbols)) };
}

/** Text of an encoded dimension, for `inspect`. */
export function dimMessageText(d: DimExprMessage, symbols: readonly string[]): string {
  if (d.kind === 0) return String(d.value ?? 0);
  if (d.kind === 1) return symbols[d.value ?? 0] ?? '?';
  const args = (d.args ?? []).map((a) => dimMessageText(a, symbols));
  if (d.kind === 2) return `(${args.join(' + ')})`;
  if (d.kind === 3) return args.join('*');
  return `${KIND_NAME[d.kind] ?? '?'}(${args.join(', ')})`;
}
