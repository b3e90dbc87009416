import { fromNumbers } from '../ir/tensor.ts';
import { compute, dequantized, dequantizedBias, quantizes } from './common/integerForm.ts';
import { become, rewritten } from './common/rewritten.ts';
import { addLiteral } from './common/upgrades.ts';

/** Gemm of quantized matrices and an int32 bias; quantized where a scale for the result is given, else float32. */
export default rewritten(
  'com.microsoft',
  'QGemm',
  [6, 9],
  [1, 1],
  { alpha: { type: 'float', default: 1 }, transA: { type: 'int' }, transB: { type: 'int' } },
  (graph, node) => {
    const [, aScale, , , bScale, , bias, yScale, yZero] = node.inputs;
    const alpha = (node.attrs.alpha as number | undefined) ?? 1;
    const scales = [aScale!, bScale!, ...(alpha === 1 ? [] : [addLiteral(graph, fromNumbers('float32', [], [alpha]))])];
    const operands = [
      dequantized(graph, node, 0, node.attrs.transA ? 1 : 0),
      dequantized(graph, node, 3, node.attrs.transB ? 0 : 1),
    ];
    const c = dequantizedBias(graph, node, bias, scales);
    const inputs = c === null ? operands : [...operands, c];
    if (yScale === null || yScale === undefined) return become(graph, node, 'Gemm', inputs, node.attrs);
    quantizes(graph, node, compute(graph, node, 'Gemm', inputs, node.attrs), yScale, yZero);
  },
);
