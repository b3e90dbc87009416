import type { GraphDef } from './messages.ts';

/** Operators whose results nobody asks a network for. */
const SILENT =
  /^(Assert|Assign.*|Const|NoOp|Placeholder.*|Print|PrintV2|Restore.*|Save.*|ShardedFilename|StringJoin|MergeV2Checkpoints|.*Summary.*|VarHandleOp|VarIsInitializedOp|Variable|VariableV2|RandomUniform|Shape)$/;
/** Operators that give a list of results of which several may be the network's. */
const LISTS = /^(Split|SplitV|Unpack|TopK|TopKV2)$/;

/** Results that nothing reads: what a frozen graph is for. */
export function findOutputs(graph: GraphDef): string[] {
  const read = new Set(graph.node.flatMap((n) => n.input.map((i) => i.replace(/:0$/, ''))));
  const anyOf = new Set(graph.node.flatMap((n) => n.input.map((i) => i.replace(/^\^/, '').split(':')[0]!)));
  return graph.node.flatMap((n) => {
    if (SILENT.test(n.op)) return [];
    if (!LISTS.test(n.op)) return anyOf.has(n.name) ? [] : [n.name];
    const count = Number(n.attr.num?.i ?? n.attr.num_split?.i ?? 2);
    const names = Array.from({ length: count }, (_, i) => (i === 0 ? n.name : `${n.name}:${i}`));
    return names.some((name) => read.has(name)) && n.op !== 'TopKV2' ? [] : names.filter((name) => !read.has(name));
  });
}
