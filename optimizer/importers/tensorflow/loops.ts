import { sameShape } from '../../ir/dim.ts';
import type { ValueId } from '../../ir/graph.ts';
import { Unconvertible } from '../common/emitter.ts';
import { ImportError } from '../error.ts';
import type { Conversion } from './conversion.ts';
import { MAX_TURNS } from './frames.ts';
import { inline } from './functions.ts';
import type { FunctionDef, NodeDef } from './messages.ts';
import { cast, contentsOf, isValue, type Result } from './node.ts';
import type { Scope } from './scope.ts';

/* Conditionals and loops of TensorFlow 2, whose branches and bodies are functions. */

const functionName = (def: NodeDef, attr: string): string => def.attr[attr]?.func?.name ?? '';

function known(converter: Conversion, r: Result | undefined): number | null {
  const c = isValue(r) ? contentsOf(converter.e, r) : null;
  return c?.length === 1 && typeof c[0] === 'number' ? c[0] : null;
}

/** One branch where the condition is known; else both, and the condition chooses. */
export function ifNode(
  converter: Conversion,
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
 * of steps are; others become Loop nodes.
 */
export function whileNode(
  converter: Conversion,
  scope: Scope,
  def: NodeDef,
  inputs: readonly Result[],
): readonly Result[] {
  let state: readonly Result[] = inputs;
  for (let turn = 0; ; turn++) {
    const [go] = inline(converter, scope, def, functionName(def, 'cond'), state, `/cond${turn}`);
    const decided = known(converter, go);
    if (decided === null) return dynamicLoop(converter, scope, def, inputs);
    if (decided === 0) return state;
    if (turn >= MAX_TURNS) throw new Unconvertible(`has more than ${MAX_TURNS} turns`);
    state = inline(converter, scope, def, functionName(def, 'body'), state, `/body${turn}`);
  }
}

/** Whether a body hands an argument through unchanged. */
function isInvariant(body: FunctionDef | undefined, index: number): boolean {
  const arg = body?.signature.inputArg[index]?.name;
  const out = body?.signature.outputArg[index]?.name;
  let at = (out === undefined ? undefined : body?.ret[out])?.split(':')[0];
  for (let node = body?.nodeDef.find((n) => n.name === at); node?.op === 'Identity'; ) {
    at = node.input[0]?.split(':')[0];
    node = body?.nodeDef.find((n) => n.name === at);
  }
  return arg !== undefined && at === arg;
}

/** A loop whose data decides how long it runs. What it carries must keep its shape; lists of tensors cannot be carried. */
function dynamicLoop(converter: Conversion, scope: Scope, def: NodeDef, state: readonly Result[]): readonly Result[] {
  const { e } = converter;
  const [bodyName, condName] = [functionName(def, 'body'), functionName(def, 'cond')];
  const inner = converter.nested(`${scope.path}${scope.nodes.get(def.name)!.index}/`);
  inner.e.input('', { dtype: 'int64', shape: [] });
  inner.e.input('', { dtype: 'bool', shape: [] });
  const carried: number[] = [];
  const body = converter.functions.get(bodyName);
  const before = state.map((r, i): Result => {
    if (!isValue(r)) return r;
    const { name, type, weight } = e.graph.value(r);
    // Constants that no turn changes stay constants inside.
    if (weight && isInvariant(body, i)) return inner.e.weight(weight, name);
    if (type.shape === null) throw new Unconvertible('carries a value whose number of dimensions is not known');
    carried.push(i);
    return inner.e.input(name, type);
  });
  const after = inline(inner, scope, def, bodyName, before, '/body');
  const [again] = inline(inner, scope, def, condName, after, '/cond');
  before.forEach((r, i) => {
    const out = after[i];
    if (!isValue(r) && r !== out)
      throw new Unconvertible('collects tensors over a number of turns that its data decides');
    if (!isValue(r) || !isValue(out) || !carried.includes(i)) return;
    const [was, is] = [inner.e.type(r), inner.e.type(out)];
    if (!was.shape || !is.shape || was.dtype !== is.dtype || !sameShape(was.shape, is.shape))
      throw new Unconvertible('carries a value whose shape changes from turn to turn');
  });
  const results = [again, ...carried.map((i) => after[i])].map((r) => {
    if (!isValue(r)) throw new Unconvertible('has a condition that is not a tensor');
    // Outputs of a body are values of their own.
    return inner.emit(scope, def, () => [inner.e.node('Identity', [r])])[0] as ValueId;
  });
  inner.e.graph.setOutputs(results);
  converter.adopt(inner);
  const [first] = inline(converter, scope, def, condName, state, '/cond');
  if (!isValue(first)) throw new Unconvertible('has a condition that is not a tensor');
  const left = converter.emit(scope, def, () =>
    e.nodes(
      'Loop',
      [null, first, ...carried.map((i) => state[i] as ValueId)],
      { body: inner.e.graph, captures: 0 },
      carried.length,
    ),
  );
  return state.map((r, i) => (carried.includes(i) ? left[carried.indexOf(i)]! : r));
}
