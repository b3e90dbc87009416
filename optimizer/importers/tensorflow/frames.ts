import { Unconvertible } from '../common/emitter.ts';
import type { Conversion } from './conversion.ts';
import type { NodeDef } from './messages.ts';
import { contentsOf, isValue, type Result } from './node.ts';
import type { Scope } from './scope.ts';

/*
 * Loops of TensorFlow 1: Enter brings a value in, Merge joins it with what NextIteration brings back, LoopCond decides,
 * Switch sends on or to Exit. Those whose turns can be counted when the model is opened are written out.
 */

/** Turns of a loop that are written out. */
export const MAX_TURNS = 1024;

export interface Frame {
  readonly name: string;
  readonly enters: readonly NodeDef[];
  /** Each carried value: the Merge that joins it, where it begins and what it is after a turn. */
  readonly carried: readonly { readonly merge: string; readonly enter: string; readonly next: string }[];
  readonly condition: string;
}

const frameName = (enter: NodeDef): string => new TextDecoder().decode(enter.attr.frame_name?.s ?? new Uint8Array());

/** The loop that an Exit leaves; null where the nodes around it are arranged in another way. */
export function frameOf(scope: Scope, exit: NodeDef): Frame | null {
  const at = (text: string | undefined): NodeDef | undefined =>
    text === undefined ? undefined : scope.nodes.get(scope.reference(text).node)?.def;
  const gate = at(exit.input[0]);
  const merge = at(gate?.input[0]);
  const condition = at(gate?.input[1]);
  const enter = merge?.input.map(at).find((n) => n?.op.endsWith('Enter'));
  if (!gate?.op.endsWith('Switch') || condition?.op !== 'LoopCond' || !enter) return null;
  const name = frameName(enter);
  const all = [...scope.nodes.values()].map((n) => n.def);
  const enters = all.filter((n) => n.op.endsWith('Enter') && frameName(n) === name);
  const names = new Set(enters.map((n) => n.name));
  const carried = all.flatMap((n) => {
    if (!n.op.endsWith('Merge')) return [];
    const sources = n.input.map(at);
    const from = sources.find((s) => s && names.has(s.name));
    const back = sources.find((s) => s?.op.endsWith('NextIteration'));
    return from && back ? [{ merge: n.name, enter: from.name, next: back.input[0]! }] : [];
  });
  return { name, enters, carried, condition: condition.input[0]! };
}

/** The value that leaves a loop through an Exit. */
export function exitLoop(converter: Conversion, scope: Scope, exit: NodeDef): readonly Result[] {
  const frame = frameOf(scope, exit);
  if (!frame) throw new Unconvertible('leaves a loop in a form that is not understood');
  let left = scope.loops.get(frame.name);
  if (!left) scope.loops.set(frame.name, (left = unroll(converter, scope, exit, frame)));
  const gate = scope.nodes.get(scope.reference(exit.input[0]!).node)!.def;
  const value = left.get(scope.reference(gate.input[0]!).node);
  if (value === undefined) throw new Unconvertible('leaves a loop with a value that the loop does not carry');
  return [value];
}

function unroll(converter: Conversion, scope: Scope, exit: NodeDef, frame: Frame): ReadonlyMap<string, Result> {
  const entered = new Map(frame.enters.map((n) => [n.name, converter.result(scope, n.input[0]!)]));
  let state = new Map(frame.carried.map((c) => [c.merge, entered.get(c.enter)!]));
  const { index } = scope.nodes.get(exit.name)!;
  for (let turn = 0; ; turn++) {
    const inner = scope.fork(`${scope.path}${index}/turn${turn}/`);
    for (const [name, value] of entered) inner.results.set(name, [value]);
    for (const [name, value] of state) inner.results.set(name, [value, converter.e.scalar(Math.min(turn, 1), 'int32')]);
    const [go] = converter.run(inner, [frame.condition]);
    const known = isValue(go) ? contentsOf(converter.e, go) : null;
    if (known?.length !== 1 || typeof known[0] !== 'number') {
      throw new Unconvertible(
        'leaves a loop that runs as long as its data says; loops of a fixed number of turns are supported: give the inputs fixed shapes',
      );
    }
    if (known[0] === 0) return state;
    if (turn >= MAX_TURNS) throw new Unconvertible(`leaves a loop of more than ${MAX_TURNS} turns`);
    const next = converter.run(
      inner,
      frame.carried.map((c) => c.next),
    );
    state = new Map(frame.carried.map((c, i) => [c.merge, next[i]!]));
  }
}
