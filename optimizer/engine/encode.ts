import type { DimExpr } from '../ir/dim.ts';
import { codeOfDtype, type DataType, findDtype } from '../ir/dtype.ts';
import type { DimExprMessage } from './messages.ts';

/** Numbers of engine.proto's DataType are ONNX's. */
export const dtypeNumber = codeOfDtype;
export function dtypeFromNumber(n: number): DataType {
  const t = findDtype(n);
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
