import type { WeightExpr } from '../../ir/weight.ts';
import type { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import type { Bundle } from './bundle.ts';
import type { GraphDef, NodeDef } from './messages.ts';
import { reference } from './names.ts';
import type { Resource } from './node.ts';
import { tensorflowType } from './schema.ts';
import type { Variables } from './variables.ts';

/** The variables of a SavedModel: which checkpoint entry each handle is restored from, and the entry's bytes. */
export class CheckpointVariables implements Variables {
  private readonly bundle: Bundle;
  private readonly store: FileWeights;
  /** Node name of a handle → key, as the restoring part of the graph says. */
  private readonly restored: ReadonlyMap<string, string>;
  /** Full name of a variable → key, as the checkpoint's own table of objects says. */
  private readonly named: ReadonlyMap<string, string>;
  private readonly read = new Map<string, WeightExpr>();

  constructor(bundle: Bundle, store: FileWeights, graph: GraphDef) {
    this.bundle = bundle;
    this.store = store;
    this.restored = restoredKeys(graph);
    this.named = objectKeys(bundle);
  }

  value(r: Resource): WeightExpr {
    const key = [this.restored.get(r.variable), r.shared, r.variable, this.named.get(r.shared)].find(
      (k) => k !== undefined && this.bundle.has(k),
    );
    if (key === undefined)
      throw new ImportError('missing-weights', `The checkpoint has no value for the variable "${r.shared}".`);
    let w = this.read.get(key);
    if (!w) this.read.set(key, (w = this.bundle.weight(key, this.store)));
    return w;
  }
}

interface Objects {
  readonly nodes: readonly {
    readonly attributes: readonly { readonly fullName: string; readonly checkpointKey: string }[];
  }[];
}

function objectKeys(bundle: Bundle): Map<string, string> {
  const out = new Map<string, string>();
  const bytes = bundle.text('_CHECKPOINTABLE_OBJECT_GRAPH');
  if (!bytes) return out;
  let objects: Objects;
  try {
    objects = tensorflowType('TrackableObjectGraph').decode(bytes) as unknown as Objects;
  } catch {
    return out;
  }
  const repeated = new Set<string>();
  for (const a of objects.nodes.flatMap((n) => n.attributes)) {
    if (out.has(a.fullName)) repeated.add(a.fullName);
    out.set(a.fullName, a.checkpointKey);
  }
  // A name that two variables bear says nothing.
  for (const name of repeated) out.delete(name);
  return out;
}

/**
 * Follows the part of the graph that restores a checkpoint: RestoreV2 reads keys, assignments put them into handles; in
 * newer files all of it is in a function whose arguments are the handles.
 */
function restoredKeys(graph: GraphDef): Map<string, string> {
  const out = new Map<string, string>();
  assignments(graph.node, (handle, key) => out.set(handle, key));
  const functions = new Map((graph.library?.function ?? []).map((f) => [f.signature.name, f]));
  for (const node of graph.node) {
    const f = functions.get(node.attr.f?.func?.name ?? '');
    if (!f?.nodeDef.some((n) => n.op === 'RestoreV2')) continue;
    const args = new Map(f.signature.inputArg.map((a, i) => [a.name, (node.input[i] ?? '').split(':')[0]!]));
    assignments(f.nodeDef, (handle, key) => {
      const outer = args.get(handle);
      if (outer) out.set(outer, key);
    });
  }
  return out;
}

function assignments(nodes: readonly NodeDef[], found: (handle: string, key: string) => void): void {
  const byName = new Map(nodes.map((n) => [n.name, n]));
  const refer = (text: string) => reference(text, (n) => byName.get(n)?.op);
  for (const n of nodes) {
    if (n.op !== 'AssignVariableOp' && n.op !== 'Assign') continue;
    let source = refer(n.input[1] ?? '');
    for (let i = 0; i < 4 && /^(Identity|Cast|Reshape)$/.test(byName.get(source.node)?.op ?? ''); i++)
      source = refer(byName.get(source.node)!.input[0] ?? '');
    const restore = byName.get(source.node);
    if (restore?.op !== 'RestoreV2') continue;
    const keys = byName.get(refer(restore.input[1] ?? '').node)?.attr.value?.tensor?.stringVal ?? [];
    const key = keys[source.output];
    if (key) found(refer(n.input[0] ?? '').node, new TextDecoder().decode(key));
  }
}
