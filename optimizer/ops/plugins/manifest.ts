import { z } from 'zod';
import type { DataType } from '../../ir/dtype.ts';
import { ExpressionError, parseExpression } from './expression.ts';

/** A plugin that cannot be used, and why: one sentence. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/** Element types that the C ABI of plugins names (native/include/sinter/plugin.h). */
const DTYPES = ['float32', 'float64', 'int8', 'uint8', 'int32', 'int64', 'bool'] as const satisfies DataType[];

const identifier = z.string().regex(/^[A-Za-z_]\w*$/, 'must be a name of letters, digits and _');
const dimension = z.union([z.number().int().min(0), z.string().min(1).max(500)]);
const attribute = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('int'), default: z.number().int().optional() }),
  z.strictObject({ type: z.literal('float'), default: z.number().optional() }),
  z.strictObject({ type: z.literal('string'), default: z.string().optional() }),
  z.strictObject({ type: z.literal('ints'), default: z.array(z.number().int()).optional() }),
  z.strictObject({ type: z.literal('floats'), default: z.array(z.number()).optional() }),
]);
const fileName = z.string().regex(/^(?!.*\.\.)[\w][\w./-]*$/, 'must be a file inside the plugin’s folder');

const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, - and _'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be three numbers such as 1.0.0'),
  description: z.string().max(300).optional(),
  /** ONNX domain of the operator; nodes of a model name it. */
  domain: z.string().regex(/^[A-Za-z][\w.-]*$/, 'must be the ONNX domain of the operator, such as com.example'),
  op: identifier,
  /** Layer type by which Caffe networks name it. */
  caffe: identifier.optional(),
  attributes: z.record(identifier, attribute).default({}),
  inputs: z
    .array(
      z.strictObject({
        name: identifier,
        dtypes: z.array(z.enum(DTYPES)).min(1).default(['float32']),
        /** What its dimensions must be; null where anything goes. Absent: any shape. */
        shape: z.array(dimension.nullable()).max(8).optional(),
        optional: z.boolean().default(false),
      }),
    )
    .max(32),
  outputs: z
    .array(
      z.strictObject({
        name: identifier,
        /** An element type, or the name of the input that has the same. */
        dtype: z.string().default('float32'),
        /** A dimension each, or the name of the input that has the same shape. */
        shape: z.union([identifier, z.array(dimension).max(8)]),
      }),
    )
    .min(1)
    .max(32),
  /** C++ files that are compiled together when the plugin is added … */
  sources: z.array(fileName).min(1).optional(),
  /** … or the library that they were compiled to elsewhere. */
  library: fileName.optional(),
  /** CUDA source of the same operator, for engines on GPUs. */
  cuda: fileName.optional(),
});

/** `plugin.json`: what a plugin's operator is called, takes and gives, and where its kernel is. */
export type PluginManifest = z.infer<typeof schema>;

/** Reads a manifest; `where` names the file in errors. Throws PluginError. */
export function parseManifest(text: string, where: string): PluginManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw new PluginError(`${where} is not JSON: ${e instanceof Error ? e.message : String(e)}`);
  }
  const read = schema.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    const at = issue.path.length > 0 ? `"${issue.path.join('.')}" ` : '';
    throw new PluginError(`${where}: ${at}${issue.message}`);
  }
  check(read.data, where);
  return read.data;
}

/** What the parts of a manifest must say about each other. */
function check(m: PluginManifest, where: string): void {
  const fail = (why: string): never => {
    throw new PluginError(`${where}: ${why}`);
  };
  const inputs = new Set(m.inputs.map((i) => i.name));
  const named = [...inputs, ...Object.keys(m.attributes)];
  const twice = named.find((n, i) => named.indexOf(n) !== i);
  if (twice !== undefined || inputs.size < m.inputs.length) fail(`the name "${twice ?? ''}" is given twice`);
  if ((m.sources === undefined) === (m.library === undefined)) fail('it needs either "sources" or a "library"');
  if (m.domain === 'ai.onnx' || m.domain === 'caffe') fail(`the domain "${m.domain}" is not free for plugins`);
  const names = new Set(named);
  const dimensions = (list: readonly (string | number | null)[]): void => {
    for (const d of list) {
      try {
        if (d !== null) parseExpression(d, names);
      } catch (e) {
        if (!(e instanceof ExpressionError)) throw e;
        fail(e.message);
      }
    }
  };
  for (const i of m.inputs) dimensions(i.shape ?? []);
  for (const o of m.outputs) {
    if (typeof o.shape !== 'string') dimensions(o.shape);
    else if (!inputs.has(o.shape)) fail(`output "${o.name}" has the shape of "${o.shape}", which is no input`);
    if (!inputs.has(o.dtype) && !(DTYPES as readonly string[]).includes(o.dtype))
      fail(`output "${o.name}" has the type "${o.dtype}", which is neither an input nor one of ${DTYPES.join(', ')}`);
  }
}
