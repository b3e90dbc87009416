import type { Graph, ValueId } from '../../ir/graph.ts';
import type { Emitter } from '../common/emitter.ts';
import type { FunctionDef, NodeDef } from './messages.ts';
import type { Result } from './node.ts';
import type { Scope } from './scope.ts';

/** What functions, branches and loops ask of the conversion that they are part of; Converter is the one there is. */
export interface Conversion {
  readonly e: Emitter;
  /** Graphs of loops, which refer to the same files. */
  readonly subgraphs: Graph[];
  readonly functions: ReadonlyMap<string, FunctionDef>;
  /** A conversion for the body of a loop, which is a graph of its own. */
  nested(place: string): Conversion;
  /** Takes over what a nested one found out; its graph becomes part of this one. */
  adopt(inner: Conversion): void;
  /** The results that the references name, in a scope whose other results may already be known. */
  run(scope: Scope, targets: readonly string[]): Result[];
  result(scope: Scope, text: string): Result;
  /** Emits nodes of our own on behalf of a source operator. */
  emit(scope: Scope, def: NodeDef, make: () => ValueId[]): readonly Result[];
}
