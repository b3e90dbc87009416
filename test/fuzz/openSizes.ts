import { onnxType } from '../../optimizer/importers/onnx/schema.ts';

interface Value {
  readonly type?: { readonly tensorType?: { readonly shape?: { dim: { dimValue?: unknown; dimParam?: string }[] } } };
}

/** Whose leading size is left open: the first input's, or that of every input that shares it. */
export type Opened = 'first' | 'alike';

/** A copy of an ONNX model whose leading size is decided when it runs; what that makes of its outputs is left to inference. */
export function withOpenSizes(model: Uint8Array, opened: Opened): Uint8Array {
  const type = onnxType('ModelProto');
  const message = type.decode(model);
  const { input, output } = (message as unknown as { graph: { input: Value[]; output: Value[] } }).graph;
  const dimsOf = (v: Value) => v.type?.tensorType?.shape?.dim ?? [];
  const first = String(dimsOf(input[0] ?? {})[0]?.dimValue);
  for (const [i, v] of input.entries()) {
    const dim = dimsOf(v);
    const alike = opened === 'alike' && String(dim[0]?.dimValue) === first;
    if (dim.length > 0 && (i === 0 || alike)) dim[0] = { dimParam: 'N' };
  }
  for (const [i, v] of output.entries()) {
    const dim = dimsOf(v);
    for (const k of dim.keys()) dim[k] = { dimParam: `out${i}.${k}` };
  }
  return type.encode(message).finish();
}
