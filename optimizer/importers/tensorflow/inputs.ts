import type { DimExpr } from '../../ir/dim.ts';
import type { TensorType, ValueId } from '../../ir/graph.ts';
import { OpError } from '../../ops/op.ts';
import type { Emitter } from '../common/emitter.ts';
import { ImportError } from '../error.ts';
import type { ImportOptions } from '../model.ts';
import { dtypeOf } from './dtypes.ts';
import type { NodeDef, TensorShapeProto } from './messages.ts';
import { shapeOf } from './tensor.ts';

/** What a signature says about a placeholder beyond the node itself. */
export interface Declared {
  readonly name: string;
  readonly shape: TensorShapeProto | null;
}

const declaredShape = (def: NodeDef, also: Declared | undefined): number[] | null =>
  shapeOf(def.attr.shape?.shape) ?? shapeOf(also?.shape);

/** Placeholders whose number of dimensions nobody says: the user is asked for their shapes, all at once. */
export function askForShapes(
  placeholders: readonly NodeDef[],
  declared: ReadonlyMap<string, Declared>,
  options: ImportOptions,
): void {
  const open = placeholders.flatMap((def) => {
    const name = declared.get(def.name)?.name ?? def.name;
    return declaredShape(def, declared.get(def.name)) === null && !options.shapes?.[name] ? [name] : [];
  });
  if (open.length === 0) return;
  const list = open.map((n) => `"${n}"`).join(', ');
  const flags = open.map((n) => `--shape ${n}=1x…`).join(' ');
  throw new ImportError(
    'missing-shape',
    `The file does not say what shape ${open.length === 1 ? 'its input' : 'its inputs'} ${list} ${open.length === 1 ? 'has' : 'have'}: give ${open.length === 1 ? 'it' : 'them'}, on the command line with ${flags}.`,
    open,
  );
}

/** A graph input: known lengths, symbols where the file leaves them open, the user's numbers where given. */
export function addInput(e: Emitter, def: NodeDef, also: Declared | undefined, options: ImportOptions): ValueId {
  const name = also?.name ?? def.name;
  const dtype = dtypeOf(def.attr.dtype?.type ?? 0);
  if (!dtype || dtype === 'string')
    throw new ImportError(
      'unsupported-feature',
      `Input "${name}" has element type number ${def.attr.dtype?.type ?? 0}, which is not supported.`,
    );
  const declared = declaredShape(def, also);
  const given = options.shapes?.[name];
  if (given && declared && given.length !== declared.length)
    throw new OpError(`Input "${name}" has ${declared.length} dimensions; ${given.join('×')} has ${given.length}.`);
  const shape = (declared ?? given ?? []).map((d, i): DimExpr => {
    const want = given?.[i];
    if (d >= 0 && want !== undefined && want !== d)
      throw new OpError(`Dimension ${i} of input "${name}" is ${d}, not ${want}.`);
    return want ?? (d >= 0 ? d : `${name}.${i}`);
  });
  const type: TensorType = { dtype, shape };
  return e.input(name, type);
}
