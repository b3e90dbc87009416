import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../optimizer/importers/index.ts';
import type { Graph } from '../../optimizer/ir/graph.ts';
import { verify } from '../../optimizer/ir/verifier.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import { optimize } from '../../optimizer/passes/pipeline.ts';
import { golden } from '../support/golden.ts';
import { testEvaluator } from '../support/interpreter.ts';
import { BERT_BASE, bert, googlenet, mobilenetV2, resnet50, vgg16 } from '../support/networks.ts';
import { printGraph, printTrace } from '../support/print.ts';

/** Layers that TensorRT's engine of the network has (targets.md): ours has no more. */
const NETWORKS: readonly (readonly [name: string, make: () => Graph, layers: number])[] = [
  ['resnet50', resnet50, 58],
  ['googlenet', googlenet, 66],
  ['mobilenet-v2', mobilenetV2, 56],
  ['vgg16', vgg16, 24],
  ['bert-base', () => bert(BERT_BASE), 87],
];

describe('the bundled samples', () => {
  for (const [name, launches] of [
    ['tiny-googlenet', 24],
    ['tiny-resnet', 26],
    ['tiny-transformer', 17],
  ] as const) {
    it(`${name} keeps its numbers, in ${launches} launches`, async () => {
      const { graph } = await importModel(join(import.meta.dirname, `../../assets/models/${name}.onnx`));
      const result = await golden(name, graph);
      expect(result.trace.passes.at(-1)!.after.launches).toBe(launches);
    });
  }
});

describe('networks at full size', () => {
  for (const [name, make, layers] of NETWORKS) {
    it(`${name}: at most ${layers} layers, as held by its golden file`, async () => {
      const { graph, trace } = optimize(make(), testEvaluator());
      expect(verify(graph, { infer: (g) => void inferTypes(g) })).toEqual([]);
      await expect(`${printTrace(trace)}\n${printGraph(graph)}`).toMatchFileSnapshot(`../golden/${name}.txt`);
      expect(trace.passes.at(-1)!.after.launches).toBeLessThanOrEqual(layers);
    });
  }

  it('GoogLeNet: the 1×1 branches of each module are one layer, and no concatenation or split copies', () => {
    const { graph } = optimize(googlenet(), testEvaluator());
    const nodes = graph.topological();
    const merged = nodes.filter((n) => n.outputs.length === 3);
    expect(merged).toHaveLength(9);
    const concats = nodes.filter((n) => n.op === 'Concat');
    expect(concats).toHaveLength(9);
    for (const c of concats) {
      expect(c.attrs.view).toBe(1);
      // The first branch is written by the merged layer itself: nothing stands between the two.
      expect(merged.map((m) => m.outputs[0])).toContain(c.inputs[0]);
    }
    expect(nodes.some((n) => n.op === 'Split' || n.op === 'Slice' || n.op === 'Identity')).toBe(false);
  });
});
