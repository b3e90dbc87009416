/* References between nodes, and the names of operators' results. */

/** Which result of which node; control references only order the execution. */
export interface Reference {
  readonly node: string;
  readonly output: number;
  readonly control: boolean;
}

/** Results by name, of operators that have more than one; functions refer to results in this way. */
const RESULTS: Readonly<Record<string, readonly string[]>> = {
  FusedBatchNorm: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'],
  FusedBatchNormV2: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'],
  FusedBatchNormV3: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
  MaxPoolWithArgmax: ['output', 'argmax'],
  Merge: ['output', 'value_index'],
  NonMaxSuppressionV4: ['selected_indices', 'valid_outputs'],
  NonMaxSuppressionV5: ['selected_indices', 'selected_scores', 'valid_outputs'],
  RefMerge: ['output', 'value_index'],
  RefSwitch: ['output_false', 'output_true'],
  Switch: ['output_false', 'output_true'],
  TopK: ['values', 'indices'],
  TopKV2: ['values', 'indices'],
  Unique: ['y', 'idx'],
};

/** "node", "node:1", "^node", or inside a function "node:result:0". */
export function reference(text: string, opOf: (node: string) => string | undefined): Reference {
  if (text.startsWith('^')) return { node: text.slice(1), output: -1, control: true };
  const [node = '', a, b] = text.split(':');
  if (a === undefined) return { node, output: 0, control: false };
  if (b === undefined && /^\d+$/.test(a)) return { node, output: Number(a), control: false };
  const names = RESULTS[opOf(node) ?? ''];
  const at = names ? Math.max(0, names.indexOf(a)) : 0;
  return { node, output: at + Number(b ?? 0), control: false };
}
