import type { ValueId } from '../../ir/graph.ts';
import { type Emitter, Unconvertible } from '../common/emitter.ts';
import type { Conversion } from './conversion.ts';
import type { NodeDef } from './messages.ts';
import { contentsOf, isValue, type Result } from './node.ts';
import type { Scope } from './scope.ts';

/* Conditionals of TensorFlow 1: Switch sends a value one way or the other, Merge passes on what arrives. */

/** Results for false and true; with a known condition the other side is dead. */
export function switchResults(e: Emitter, [data, predicate]: readonly Result[]): readonly Result[] {
  const known = isValue(predicate) ? contentsOf(e, predicate)?.[0] : undefined;
  if (typeof known !== 'number' || data === undefined) return [data!, data!];
  return known ? ['dead', data] : [data, 'dead'];
}

/** Which side of which Switch a node lies on: found by walking back, over order-only edges too. */
function sideOf(scope: Scope, text: string): { predicate: string; side: number } | null {
  const seen = new Set<string>();
  const queue = [text];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
    const plain = item.replace(/^\^/, '');
    const ref = scope.reference(plain);
    const def = scope.nodes.get(ref.node)?.def;
    if (!def || seen.has(item)) continue;
    seen.add(item);
    if (def.op === 'Switch' || def.op === 'RefSwitch') return { predicate: def.input[1]!, side: ref.output };
    // An inner conditional is complete in itself; where it gets its data from leads on.
    queue.push(...def.input);
  }
  return null;
}

/**
 * What arrives alive. Where the condition is only known at run time both sides are computed, they have no effects, and
 * the condition chooses.
 */
export function merge(
  converter: Conversion,
  scope: Scope,
  def: NodeDef,
  refs: readonly string[],
  inputs: readonly Result[],
): readonly Result[] {
  const alive = inputs.flatMap((r, i) => (r === 'dead' ? [] : [i]));
  if (alive.length === 0) return ['dead', 'dead'];
  const index = (i: number): ValueId => converter.e.scalar(i, 'int32');
  if (alive.length === 1) return [inputs[alive[0]!]!, index(alive[0]!)];
  const sides = refs.map((r) => sideOf(scope, r));
  const [a, b] = sides;
  const values = inputs.filter(isValue);
  if (values.length !== 2 || !a || !b || a.predicate !== b.predicate || a.side === b.side)
    throw new Unconvertible('joins branches in a way that is not understood');
  const predicate = converter.result(scope, a.predicate);
  if (!isValue(predicate)) throw new Unconvertible('has a condition that is not a tensor');
  const [yes, no] = a.side === 1 ? [values[0]!, values[1]!] : [values[1]!, values[0]!];
  const chosen = converter.emit(scope, def, () => [converter.e.node('Where', [predicate, yes, no])]);
  return [chosen[0]!, index(0)];
}
