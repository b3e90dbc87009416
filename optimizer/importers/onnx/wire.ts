import type { WireFormat } from '../common/skeleton.ts';

type Kind = 'Model' | 'Graph' | 'Node' | 'Attribute' | 'Tensor' | 'Sparse' | 'Function';

/** Where tensors stand in an ONNX file, by the field numbers of onnx.proto. */
export const ONNX_WIRE: WireFormat<Kind> = {
  what: 'an ONNX model',
  root: 'Model',
  nested: {
    Model: { 7: 'Graph', 25: 'Function' },
    Graph: { 1: 'Node', 5: 'Tensor', 15: 'Sparse' },
    Node: { 5: 'Attribute' },
    Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'Sparse' },
    Tensor: {},
    Sparse: { 1: 'Tensor', 2: 'Tensor' },
    Function: { 7: 'Node', 11: 'Attribute' },
  },
  // Documentation strings, training information and metadata that is never looked at.
  dropped: {
    Model: new Set([6, 20, 26]),
    Graph: new Set([10, 14, 16]),
    Node: new Set([6, 9, 10]),
    Attribute: new Set([13]),
    Tensor: new Set([12, 16]),
    Function: new Set([8, 12, 14]),
  },
  payloads: { Tensor: new Set([4, 5, 7, 9, 10, 11]) },
  steps: new Set<Kind>(['Graph', 'Model']),
  dropsForeign: true,
};
