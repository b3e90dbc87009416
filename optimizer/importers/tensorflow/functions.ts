import { ImportError } from '../error.ts';
import type { Conversion } from './conversion.ts';
import type { AttrValue, FunctionDef, NodeDef } from './messages.ts';
import type { Result } from './node.ts';
import { Scope } from './scope.ts';

/** Calls within calls that no real model reaches; a function that calls itself does. */
const MAX_DEPTH = 100;

const CALLS: ReadonlySet<string> = new Set(['PartitionedCall', 'StatefulPartitionedCall', 'SymbolicGradient']);

/** Whether a node calls a function of the library, by attribute or by being named like it. */
export const isCall = (functions: ReadonlyMap<string, FunctionDef>, def: NodeDef): boolean =>
  CALLS.has(def.op) || functions.has(def.op);

export function callFunction(
  converter: Conversion,
  scope: Scope,
  def: NodeDef,
  inputs: readonly Result[],
): readonly Result[] {
  return inline(converter, scope, def, def.attr.f?.func?.name ?? def.op, inputs, '');
}

/** The results of a function's body on the given arguments; its nodes become the caller's. */
export function inline(
  converter: Conversion,
  scope: Scope,
  def: NodeDef,
  name: string,
  inputs: readonly Result[],
  suffix: string,
): readonly Result[] {
  const f = converter.functions.get(name);
  if (!f)
    throw new ImportError('undefined-value', `${def.op} "${def.name}" calls "${name}", which the file does not have.`);
  if (scope.depth >= MAX_DEPTH) throw new ImportError('cyclic', `The function "${name}" calls itself.`);
  const { index } = scope.nodes.get(def.name)!;
  const path = `${scope.path}${index}${suffix}/`;
  const given = def.attr;
  const nodes = f.nodeDef.map((n) => ({ name: n.name, op: n.op, input: n.input, attr: substitute(n.attr, given) }));
  const inner = new Scope(nodes, path, scope.depth + 1);
  f.signature.inputArg.forEach((arg, i) => {
    const value = inputs[i];
    if (value === undefined)
      throw new ImportError(
        'invalid-operator',
        `"${def.name}" gives ${inputs.length} arguments to "${name}", which takes ${f.signature.inputArg.length}.`,
      );
    inner.results.set(arg.name, [value]);
  });
  const targets = f.signature.outputArg.map((arg) => f.ret[arg.name] ?? arg.name);
  return converter.run(inner, targets);
}

/** Attributes that stand for the caller's. */
function substitute(
  attrs: Readonly<Record<string, AttrValue>>,
  given: Readonly<Record<string, AttrValue>>,
): Readonly<Record<string, AttrValue>> {
  const entries = Object.entries(attrs);
  if (!entries.some(([, v]) => v.placeholder)) return attrs;
  return Object.fromEntries(entries.map(([k, v]) => [k, v.placeholder ? (given[v.placeholder] ?? v) : v]));
}
