import { Unconvertible } from '../common/emitter.ts';
import { ImportError } from '../error.ts';
import type { Converter } from './convert.ts';
import { MAX_TURNS } from './frames.ts';
import { inline } from './functions.ts';
import type { NodeDef } from './messages.ts';
import { cast, contentsOf, isValue, type Result } from './node.ts';
import type { Scope } from './scope.ts';

/* Conditionals and loops of TensorFlow 2, whose branches and bodies are functions. */

const functionName = (def: NodeDef, attr: string): string => def.attr[attr]?.func?.name ?? '';

function known(converter: Converter, r: Result | undefined): number | null {
  const c = isValue(r) ? contentsOf(converter.e, r) : null;
  return c?.length === 1 && typeof c[0] === 'number' ? c[0] : null;
}

/** One branch where the condition is known; else both, and the condition chooses. */
export function ifNode(
  converter: Converter,
  scope: Scope,
  def: NodeDef,
  [condition, ...inputs]: readonly Result[],
): readonly Result[] {
  const branch = (taken: boolean): readonly Result[] =>
    inline(
      converter,
      scope,
      def,
      functionName(def, taken ? 'then_branch' : 'else_branch'),
      inputs,
      taken ? '/then' : '/else',
    );
  const decided = known(converter, condition);
  if (decided !== null) return branch(decided !== 0);
  if (!isValue(condition)) throw new ImportError('invalid-operator', `${def.op} "${def.name}" has no condition.`);
  const [yes, no] = [branch(true), branch(false)];
  return yes.map((a, i) => {
    const b = no[i];
    if (!isValue(a) || !isValue(b)) return a;
    return converter.emit(scope, def, () => {
      const { e } = converter;
      return [e.node('Where', [cast(e, condition, 'bool'), a, b])];
    })[0]!;
  });
}

/**
 * Loops whose turns can be counted when the model is opened are written out, as recurrent layers over a known number
 * of steps are.
 */
export function whileNode(
  converter: Converter,
  scope: Scope,
  def: NodeDef,
  inputs: readonly Result[],
): readonly Result[] {
  let state: readonly Result[] = inputs;
  for (let turn = 0; ; turn++) {
    const [go] = inline(converter, scope, def, functionName(def, 'cond'), state, `/cond${turn}`);
    const decided = known(converter, go);
    if (decided === null) {
      throw new Unconvertible(
        'runs as long as its data says; loops of a fixed number of turns are supported: give the inputs fixed shapes',
      );
    }
    if (decided === 0) return state;
    if (turn >= MAX_TURNS) throw new Unconvertible(`has more than ${MAX_TURNS} turns`);
    state = inline(converter, scope, def, functionName(def, 'body'), state, `/body${turn}`);
  }
}
