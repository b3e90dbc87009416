import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../optimizer/builder/session.ts';
import { runModel } from '../../support/engine.ts';
import { type Dense, dense, seeded } from '../../support/tensor.ts';
import { OP_CASES } from '../../support/tensorflow/cases.ts';
import { BOOL, FLOAT, INT32, TfGraph } from '../../support/tensorflow/graph.ts';
import { bert, inception, mobilenet, resnet } from '../../support/tensorflow/zoo.ts';
import { asDense, asTensor, worst } from '../compare.ts';
import { scratch } from '../make.ts';

/*
 * What TensorFlow 2.21 computed for the graphs that this test writes; after a change of the graphs,
 * SINTER_TENSORFLOW_PYTHON=<python with tensorflow> makes the answers again.
 */
const ANSWERS = join(import.meta.dirname, 'expected.json');
type Answers = Record<string, Record<string, [number[], number[]]>>;

interface Case {
  readonly name: string;
  readonly file: string;
  readonly graph: TfGraph;
  readonly inputs: Readonly<Record<string, Dense>>;
  readonly outputs: readonly string[];
}

const folder = scratch();
const DTYPES = { [FLOAT]: 'float32', [INT32]: 'int32', [BOOL]: 'bool' } as const;

function input(shape: readonly number[], type: number, below: number, seed: number): Dense {
  const next = seeded(seed);
  const t = dense(DTYPES[type as 1 | 3 | 10], shape);
  const fill = (): number => {
    if (type === FLOAT) return Math.fround(1.5 * next());
    return type === BOOL ? Number(next() > 0) : Math.floor(((next() + 1) / 2) * below);
  };
  return { ...t, data: t.data.map(fill) };
}

function operatorCases(): Case[] {
  return OP_CASES.map((c, k) => {
    const graph = new TfGraph(100 + k);
    const inputs: Record<string, Dense> = {};
    const names = c.inputs.map(({ shape, type = FLOAT, below = 4 }, i) => {
      inputs[`x${i}`] = input(shape, type, below, 7 * k + i + 1);
      return graph.placeholder(`x${i}`, shape, type);
    });
    const outputs = c.make(graph, names).map((y, i) => {
      graph.output(y, `y${i}`);
      return `y${i}`;
    });
    return { name: c.name, file: `op${String(k).padStart(3, '0')}`, graph, inputs, outputs };
  });
}

const NETWORKS: [string, () => TfGraph, Dense][] = [
  ['Inception-shaped', inception, input([1, 75, 75, 3], FLOAT, 0, 91)],
  ['ResNet-shaped', resnet, input([1, 64, 64, 3], FLOAT, 0, 92)],
  ['MobileNet-shaped', mobilenet, input([2, 48, 48, 3], FLOAT, 0, 93)],
  ['BERT-shaped', bert, input([2, 12], INT32, 40, 94)],
];
const networkCases = (): Case[] =>
  NETWORKS.map(([name, make, x]) => ({ name, file: name.toLowerCase(), graph: make(), inputs: { x }, outputs: ['y'] }));

function write(c: Case): string {
  const path = join(folder, `${c.file}.pb`);
  writeFileSync(path, c.graph.bytes());
  return path;
}

const all = [...operatorCases(), ...networkCases()];

function answers(): Answers {
  const python = process.env.SINTER_TENSORFLOW_PYTHON;
  if (python) {
    for (const c of all) {
      write(c);
      const inputs = Object.fromEntries(Object.entries(c.inputs).map(([k, t]) => [k, [t.dtype, t.shape, [...t.data]]]));
      writeFileSync(join(folder, `${c.file}.json`), JSON.stringify({ inputs, outputs: c.outputs }));
    }
    const script = join(import.meta.dirname, '../../support/tensorflow/expected.py');
    const text = execFileSync(python, [script, folder], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
    writeFileSync(ANSWERS, text);
  }
  return JSON.parse(readFileSync(ANSWERS, 'utf8')) as Answers;
}
const expected = answers();

describe('frozen graphs give what TensorFlow gives', () => {
  it.each(all.map((c): [string, Case] => [c.name, c]))('%s', async (_name, c) => {
    const shapes = Object.fromEntries(Object.entries(c.inputs).map(([k, t]) => [k, [...t.shape]]));
    const model = await openModel(write(c), { shapes });
    expect(model.unsupported).toEqual([]);
    expect(model.outputs.map((o) => o.name).sort()).toEqual([...c.outputs].sort());
    const given = Object.fromEntries(Object.entries(c.inputs).map(([k, t]) => [k, asTensor(t)]));
    for (const passes of [true, false]) {
      const got = await runModel(model, given, passes);
      for (const o of c.outputs) {
        const [shape, numbers] = expected[c.file]![o]!;
        expect(worst(dense('float32', shape, numbers), asDense(got[o]!)), `${o}, passes ${passes}`).toBeLessThan(1e-4);
      }
    }
  });
});
