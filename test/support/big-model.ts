import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { Graph, type ValueId } from '../../optimizer/ir/graph.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import { literalWeight } from '../../optimizer/ir/weights.ts';

/** A residual network of exactly `count` small operators in stages and blocks, named as exporters name them. */
export function bigGraph(count: number): Graph {
  const g = new Graph();
  g.name = 'big';
  const type = { dtype: 'float32', shape: [1, 8, 16, 16] } as const;
  const input = g.addValue({ name: 'data', type });
  g.setInputs([input.id]);
  const weights = Array.from({ length: 64 }, (_, i) => ((i * 7919) % 13) / 13 - 0.5);
  const w = g.addWeight(literalWeight(fromNumbers('float32', [8, 8, 1, 1], weights)), 'w').id;
  let n = 0;
  const op = (kind: string, inputs: ValueId[], name: string): ValueId => {
    const out = g.addValue({ name: `v${n}`, type });
    const attrs =
      kind === 'Conv' ? { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 } : {};
    g.addNode({ op: kind, domain: '', name, attrs, inputs, outputs: [out.id], source: [String(n)] });
    g.sources.set(String(n), { id: String(n), op: kind, name });
    n++;
    return out.id;
  };
  let x = input.id;
  for (let block = 0; n < count; block++) {
    const scope = `stage_${Math.floor(block / 20)}/block_${block % 20}`;
    const parts: [string, string][] = [
      ['Conv', 'conv1'],
      ['Relu', 'relu1'],
      ['Conv', 'conv2'],
      ['Sigmoid', 'gate'],
      ['Add', 'sum'],
    ];
    const from = x;
    for (const [kind, name] of parts.slice(0, count - n)) {
      x = op(kind, kind === 'Conv' ? [x, w] : kind === 'Add' ? [x, from] : [x], `${scope}/${name}`);
    }
  }
  g.setOutputs([x]);
  return g;
}

export async function writeBigModel(path: string, count: number): Promise<void> {
  await writeOnnx(bigGraph(count), path, {
    evaluateWeight: () => Promise.reject(new Error('all weights are literals')),
  });
}
