import { OPS } from 'sinter:operators';
import type { OpDef } from './op.ts';

/* The registry: an operator is one file in this folder. */

/** Every operator the optimizer knows, by file name. */
export { OPS };

const byKey = new Map(OPS.map((d) => [`${d.domain ?? ''}:${d.op}`, d]));

/** Definition of an operator; the default domain is '' (also written 'ai.onnx'). */
export function findOp(domain: string, op: string): OpDef | undefined {
  return byKey.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
}
