import { OPS } from 'sinter:operators';
import type { OpDef } from './op.ts';
import { findPluginOp } from './plugins/folder.ts';

/* The registry: an operator is one file in this folder. */

/** Every operator the optimizer knows, by file name. */
export { OPS };

const byKey = new Map(OPS.map((d) => [`${d.domain ?? ''}:${d.op}`, d]));

/** Definition of an operator, a registered plugin's included; the default domain is '' (also written 'ai.onnx'). */
export function findOp(domain: string, op: string): OpDef | undefined {
  const plain = domain === 'ai.onnx' ? '' : domain;
  // The standard's own operators are nobody else's.
  return byKey.get(`${plain}:${op}`) ?? (plain === '' ? undefined : findPluginOp(plain, op));
}
