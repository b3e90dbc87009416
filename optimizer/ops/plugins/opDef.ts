import { type DimExpr, dimKey, type Shape, shapeText } from '../../ir/dim.ts';
import type { DataType } from '../../ir/dtype.ts';
import type { AttrValue, TensorType } from '../../ir/graph.ts';
import { type AttrSpec, attrOr, type InferContext, type Inferred, type OpDef, OpError } from '../op.ts';
import { type Expression, type Names, parseExpression } from './expression.ts';
import type { PluginManifest } from './manifest.ts';

/** A registered plugin, as layers name it. */
export interface RegisteredPlugin {
  readonly manifest: PluginManifest;
  /** Of the manifest and the sources (or the library): sha256. */
  readonly digest: string;
  /** Its folder. */
  readonly folder: string;
}

/** The operator that a plugin adds, under one of the names that models call it by. */
export interface PluginOp extends OpDef {
  readonly plugin: RegisteredPlugin;
}

export const isPluginOp = (def: OpDef | undefined): def is PluginOp => def !== undefined && 'plugin' in def;

/** Makes the operator of a manifest: inference is its expressions. */
export function pluginOp(plugin: RegisteredPlugin, domain: string, op: string): PluginOp {
  const { manifest: m } = plugin;
  const attrs: Record<string, AttrSpec> = {};
  for (const [name, a] of Object.entries(m.attributes)) {
    attrs[name] =
      a.default === undefined ? { type: a.type, required: true } : { type: a.type, default: a.default as AttrValue };
  }
  const names = new Set([...m.inputs.map((i) => i.name), ...Object.keys(m.attributes)]);
  const wanted = m.inputs.map((i) => i.shape?.map((d) => (d === null ? null : parseExpression(d, names))));
  const shapes = m.outputs.map((o) =>
    typeof o.shape === 'string' ? o.shape : o.shape.map((d) => parseExpression(d, names)),
  );
  const needed = m.inputs.findLastIndex((i) => !i.optional) + 1;
  const def: PluginOp = {
    plugin,
    op,
    domain,
    category: 'other',
    since: [1],
    attrs,
    inputs: [needed, m.inputs.length],
    outputs: [1, m.outputs.length],
    infer(ctx): Inferred {
      const known = namesOf(m, def, ctx);
      m.inputs.forEach((input, i) => checkInput(input, ctx.inputs[i] ?? null, wanted[i], known));
      return {
        types: m.outputs.map((o, i): TensorType => {
          const same = m.inputs.findIndex((x) => x.name === o.dtype);
          const dtype = same >= 0 ? (ctx.inputs[same]?.dtype ?? 'float32') : (o.dtype as DataType);
          return { dtype, shape: shapeOf(shapes[i]!, known) };
        }),
      };
    },
  };
  return def;
}

/** What expressions may name; null where the rank of an input is not known yet. */
function namesOf(m: PluginManifest, def: OpDef, ctx: InferContext): Names | null {
  const names = new Map<string, Shape | number>();
  for (const [name, spec] of Object.entries(def.attrs)) {
    const v = attrOr(def, ctx.node.attrs, name);
    if (v === undefined) throw new OpError(`has no attribute "${name}", which its plugin needs`);
    if (spec.type === 'int' || spec.type === 'ints') names.set(name, v as number | readonly number[]);
  }
  let complete = true;
  m.inputs.forEach((input, i) => {
    const type = ctx.inputs[i];
    if (type?.shape) names.set(input.name, type.shape);
    else if (type) complete = false;
  });
  return complete ? names : null;
}

function checkInput(
  input: PluginManifest['inputs'][number],
  type: TensorType | null,
  wanted: readonly (Expression | null)[] | undefined,
  names: Names | null,
): void {
  if (type === null) {
    if (!input.optional) throw new OpError(`lacks its input "${input.name}"`);
    return;
  }
  if (type.guessed !== true && !(input.dtypes as readonly string[]).includes(type.dtype))
    throw new OpError(`has "${input.name}" of ${type.dtype}; its plugin takes ${input.dtypes.join(' or ')}`);
  if (!wanted || !names || type.shape === null) return;
  const shape = wanted.map((e, i): DimExpr => (e ? e(names) : (type.shape![i] ?? '?')));
  const fits = shape.length === type.shape.length && shape.every((d, i) => mayBeSame(d, type.shape![i]!));
  if (!fits)
    throw new OpError(
      `has "${input.name}" of shape ${shapeText(type.shape)}; its plugin takes ${shape.map(dimKey).join('×')}`,
    );
}

/** Symbols may turn out to be the same; numbers may not. */
const mayBeSame = (a: DimExpr, b: DimExpr): boolean => typeof a !== 'number' || typeof b !== 'number' || a === b;

function shapeOf(shape: string | readonly Expression[], names: Names | null): Shape | null {
  if (!names) return null;
  if (typeof shape !== 'string') return shape.map((e) => e(names));
  return (names.get(shape) as Shape | undefined) ?? null;
}
