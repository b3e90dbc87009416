/** What the operations of a layer depend on: concrete shapes, whatever they came from. */
export interface SizedLayer {
  readonly op: string;
  /** Integer attributes by name. */
  attr(name: string): number | readonly number[] | undefined;
  /** Shapes of its inputs; empty where absent. */
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  /** Instructions of its program or epilogue. */
  readonly programLength: number;
}

export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Arithmetic operations of a layer by its plain definition: a multiply-add counts two, epilogues included. */
export function layerFlops(l: SizedLayer): number {
  // Statistics of rows are no result of the product.
  const results = l.attr('statistics') === 1 ? l.outputs.slice(0, -1) : l.outputs;
  const out = results.reduce((s, dims) => s + product(dims), 0);
  return coreFlops(l, out) + l.programLength * out;
}

function coreFlops(l: SizedLayer, out: number): number {
  const [a = [], b = [], c = []] = l.inputs;
  switch (l.op) {
    case 'Conv':
      return 2 * out * product(b.slice(1));
    case 'ConvMaxPool':
      // Four sums for each number of the result, and the comparisons.
      return 4 * (2 * out * product(b.slice(1))) + 3 * out;
    case 'ConvTranspose':
      return 2 * product(a) * product(b.slice(1));
    case 'MatMul':
      return 2 * out * (a.at(l.attr('trans_a') === 1 ? -2 : -1) ?? 1);
    case 'Attention':
      return 4 * product(a) * (b[2] ?? 1);
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      // Every step multiplies its input with W and the state with R, all gates and directions together.
      return 2 * product(a.slice(0, -1)) * (product(b) + product(c));
    case 'MaxPool':
    case 'AveragePool':
      return out * product((l.attr('kernel_shape') as readonly number[] | undefined) ?? []);
    case 'Reduce':
      return product(a);
    case 'Softmax':
      return 5 * out;
    case 'LayerNorm':
      return 8 * out;
    case 'LRN':
      return out * (Number(l.attr('size') ?? 0) + 4);
    default:
      return 0;
  }
}
