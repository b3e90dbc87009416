import type { Graph, ValueId } from '../../ir/graph.ts';

/** Names visible in one graph or one inlined function body. */
export interface Scope {
  readonly graph: Graph;
  readonly names: Map<string, ValueId>;
  /** The graph that this subgraph stands in; null for the model's graph and for function bodies. */
  readonly outer: Scope | null;
  /** Values of the outer scope that this subgraph reads: they become inputs. */
  readonly captures: { readonly outer: ValueId; readonly inner: ValueId }[];
  /** Operator set versions by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Path that source ids begin with: "" or "12/then_branch/". */
  readonly path: string;
  /** Depth of function calls, to stop a function that calls itself. */
  readonly calls: number;
}

/** Finds a name here or in the outer scopes; what comes from outside is captured, constants are copied. */
export function resolve(scope: Scope, name: string): ValueId | undefined {
  const here = scope.names.get(name);
  if (here !== undefined) return here;
  if (!scope.outer) return undefined;
  const outer = resolve(scope.outer, name);
  if (outer === undefined) return undefined;
  const value = scope.outer.graph.value(outer);
  const inner = value.weight
    ? scope.graph.addWeight(value.weight, name).id
    : scope.graph.addValue({ name, type: value.type }).id;
  if (!value.weight) scope.captures.push({ outer, inner });
  scope.names.set(name, inner);
  return inner;
}

/** Closes subgraphs of one node: all get the same captured values as their last inputs, which are returned. */
export function closeSubgraphs(scopes: readonly Scope[]): ValueId[] {
  const captured = [...new Set(scopes.flatMap((s) => s.captures.map((c) => c.outer)))];
  for (const s of scopes) {
    const inner = captured.map((outer) => {
      const own = s.captures.find((c) => c.outer === outer);
      if (own) return own.inner;
      const { name, type } = s.outer!.graph.value(outer);
      return s.graph.addValue({ name, type }).id;
    });
    s.graph.setInputs([...s.graph.inputs, ...inner]);
  }
  return captured;
}
