import { become, rewritten } from './common/rewritten.ts';

/** Names of the modes changed when the standard took the operator over. */
const MODES: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

export default rewritten(
  'com.microsoft',
  'GridSample',
  [2, 2],
  [1, 1],
  { mode: { type: 'string' }, padding_mode: { type: 'string' }, align_corners: { type: 'int' } },
  (graph, node) => {
    const mode = String(node.attrs.mode ?? 'bilinear');
    become(graph, node, 'GridSample', node.inputs, {
      mode: MODES[mode] ?? mode,
      padding_mode: node.attrs.padding_mode ?? 'zeros',
      align_corners: node.attrs.align_corners ?? 0,
    });
  },
);
