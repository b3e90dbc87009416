import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../../../optimizer/builder/session.ts';
import { sniff } from '../../../optimizer/importers/sniff.ts';
import { testRuntime } from '../../networks/check.ts';
import { runModel } from '../../support/engine.ts';
import { dense } from '../../support/tensor.ts';
import { attr, FLOAT, INT32, TfGraph } from '../../support/tensorflow/graph.ts';
import { writeDenseModel, writeSavedModel } from '../../support/tensorflow/savedModel.ts';
import { asDense, asTensor, worst } from '../compare.ts';
import { modelBytes, node as onnxNode, scratch, value } from '../make.ts';

const folder = scratch();
let count = 0;
function place(): string {
  const dir = join(folder, `${count++}`);
  mkdirSync(dir);
  return dir;
}
function graphFile(g: TfGraph): string {
  const path = join(place(), 'graph.pb');
  writeFileSync(path, g.bytes());
  return path;
}

const x = dense('float32', [2, 4], [0.5, -1, 2, 0.25, 1, 1, -0.5, 3]);
function reluOf({ w, b }: { w: number[]; b: number[] }) {
  const y = dense('float32', [2, 3]);
  for (let r = 0; r < 2; r++)
    for (let c = 0; c < 3; c++) {
      let sum = b[c]!;
      for (let k = 0; k < 4; k++) sum += x.data[r * 4 + k]! * w[k * 3 + c]!;
      y.data[r * 3 + c] = Math.max(0, sum);
    }
  return y;
}

describe('SavedModels', () => {
  it('a folder or the file in it: functions inlined, variables from the checkpoint', async () => {
    const dir = place();
    const want = reluOf(writeDenseModel(dir));
    for (const path of [dir, join(dir, 'saved_model.pb')]) {
      const model = await openModel(path, { shapes: { x: [2, 4] } });
      expect(model).toMatchObject({ format: 'tensorflow', producer: { name: 'TensorFlow', version: '2.21.0' } });
      expect(model.inputs.map((i) => i.name)).toEqual(['x']);
      const got = await runModel(model, { x: asTensor(x) });
      expect(worst(want, asDense(got.y!))).toBeLessThan(1e-6);
    }
  });
  it('an open batch stays open', async () => {
    const dir = place();
    writeDenseModel(dir);
    const model = await openModel(dir);
    expect(model.outputs[0]!.type.shape).toEqual(['x.0', 3]);
  });
  it('missing and damaged checkpoints are named', async () => {
    const dir = place();
    writeDenseModel(dir);
    const index = join(dir, 'variables/variables.index');
    const bytes = readFileSync(index);
    writeFileSync(index, bytes.subarray(0, bytes.length - 1));
    await expect(openModel(dir)).rejects.toThrow('variables.index is not a checkpoint index');
    rmSync(index);
    await expect(openModel(dir)).rejects.toThrow('variables.index is missing');
    writeDenseModel(dir);
    rmSync(join(dir, 'variables/variables.data-00000-of-00001'));
    await expect(openModel(dir)).rejects.toThrow('variables.data-00000-of-00001 is missing');
  });
  it('loops of known length are written out, lists and all', async () => {
    // Doubles x four times and collects what it had: the recurrence that Keras' layers are made of.
    const i32 = { T: attr.type(INT32) };
    const n = (name: string, op: string, input: string[], attrs: object = {}): object => ({
      name,
      op,
      input,
      attr: attrs,
    });
    const c = (name: string, v: number): object =>
      n(name, 'Const', [], {
        dtype: attr.type(INT32),
        value: { tensor: { dtype: INT32, tensorShape: {}, intVal: [v] } },
      });
    const args = [
      { name: 'i', type: INT32 },
      { name: 'v', type: FLOAT },
      { name: 'list', type: 21 },
    ];
    const cond = {
      signature: { name: 'cond', inputArg: args, outputArg: [{ name: 'go', type: 10 }] },
      nodeDef: [c('four', 4), n('Less', 'Less', ['i', 'four:output:0'], i32)],
      ret: { go: 'Less:z:0' },
    };
    const body = {
      signature: {
        name: 'body',
        inputArg: args,
        outputArg: [
          { name: 'i2', type: INT32 },
          { name: 'v2', type: FLOAT },
          { name: 'l2', type: 21 },
        ],
      },
      nodeDef: [
        c('one', 1),
        n('next', 'AddV2', ['i', 'one:output:0'], i32),
        n('double', 'AddV2', ['v', 'v'], { T: attr.type(FLOAT) }),
        n('set', 'TensorListSetItem', ['list', 'i', 'double:z:0'], { element_dtype: attr.type(FLOAT) }),
      ],
      ret: { i2: 'next:z:0', v2: 'double:z:0', l2: 'set:output_handle:0' },
    };
    const node = [
      n('x', 'Placeholder', [], { dtype: attr.type(FLOAT), shape: attr.shape([2]) }),
      c('zero', 0),
      c('four', 4),
      n('shape', 'Const', [], {
        dtype: attr.type(INT32),
        value: { tensor: { dtype: INT32, tensorShape: { dim: [{ size: 1 }] }, intVal: [2] } },
      }),
      n('list', 'TensorListReserve', ['shape', 'four'], {
        element_dtype: attr.type(FLOAT),
        shape_type: attr.type(INT32),
      }),
      n('while', 'StatelessWhile', ['zero', 'x', 'list'], { cond: attr.func('cond'), body: attr.func('body') }),
      n('stack', 'TensorListStack', ['while:2', 'shape'], { element_dtype: attr.type(FLOAT) }),
    ];
    const dir = place();
    writeSavedModel(
      dir,
      { node, library: { function: [cond, body] } },
      { x: { tensor: 'x:0', shape: [2] } },
      { all: 'stack:0', last: 'while:1' },
    );
    const got = await runModel(await openModel(dir), { x: asTensor(dense('float32', [2], [1, -3])) });
    expect([...asDense(got.all!).data]).toEqual([2, -6, 4, -12, 8, -24, 16, -48]);
    expect([...asDense(got.last!).data]).toEqual([16, -48]);
  });
});

describe('frozen graphs', () => {
  it('an operator of unknown type does not stop the import; building names it and its type', async () => {
    const g = new TfGraph();
    const y = g.node('FancyResample', [g.placeholder('x', [2, 3])], {}, 'upsampling/fancy');
    g.output(g.relu(y), 'y');
    const model = await openModel(graphFile(g));
    expect(model.unsupported).toMatchObject([{ op: 'FancyResample', name: 'upsampling/fancy' }]);
    const runtime = testRuntime();
    const build = buildEngine(optimizeModel(model, runtime), { runtime, threads: 1, path: join(folder, 'x.sinter') });
    await expect(build).rejects.toThrow(/FancyResample.*"upsampling\/fancy"/);
  });
  it('a use that is not supported says why', async () => {
    const g = new TfGraph();
    const input = g.placeholder('x', [1, 4, 4, 2]);
    const pads = g.constant([4, 2], [0, 0, 2, 2, 2, 2, 0, 0], INT32);
    g.output(
      g.node('MirrorPad', [input, pads], { Tpaddings: attr.type(INT32), mode: attr.text('SYMMETRIC') }, 'border'),
      'y',
    );
    const model = await openModel(graphFile(g));
    expect(model.unsupported[0]!.reason).toContain('MirrorPad "border" mirrors more than one row at the border');
  });
  it('shapes that nobody says are asked for, all at once', async () => {
    const g = new TfGraph();
    g.output(g.node('AddV2', [g.placeholder('a', null), g.placeholder('b', null)]), 'y');
    const path = graphFile(g);
    await expect(openModel(path)).rejects.toMatchObject({ code: 'missing-shape', inputs: ['a', 'b'] });
    const model = await openModel(path, { shapes: { a: [2, 3], b: [] } });
    expect(model.outputs[0]!.type.shape).toEqual([2, 3]);
  });
  it('a graph with variables says what to do', async () => {
    const g = new TfGraph();
    g.nodes.push({ name: 'w', op: 'VariableV2', input: [], attr: { dtype: attr.type(FLOAT), shape: attr.shape([3]) } });
    g.output(g.node('Mul', [g.placeholder('x', [3]), 'w']), 'y');
    await expect(openModel(graphFile(g))).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringContaining('freeze the graph'),
    });
  });
  it.each([
    [
      'reads what is not there',
      (g: TfGraph) => g.output('nowhere', 'y'),
      '"y" reads "nowhere", which the graph does not have.',
    ],
    [
      'shapes that do not fit',
      (g: TfGraph) =>
        g.output(g.node('MatMul', [g.placeholder('x', [2, 3]), g.weight([4, 5])], {}, 'dense/MatMul'), 'y'),
      'MatMul "dense/MatMul"',
    ],
    [
      'a shape for an input that does not exist',
      (g: TfGraph) => g.output(g.relu(g.placeholder('x', [2])), 'y'),
      'no input "image"',
      { image: [1] },
    ],
  ] as [
    string,
    (g: TfGraph) => TfGraph,
    string,
    Record<string, number[]>?,
  ][])('%s', async (_name, make, message, shapes) => {
    const g = new TfGraph();
    make(g);
    await expect(openModel(graphFile(g), shapes ? { shapes } : {})).rejects.toThrow(message);
  });
  it('a truncated file is called truncated', async () => {
    const g = new TfGraph();
    g.output(g.matmul(g.placeholder('x', [1, 100]), 100, 100), 'y');
    const path = graphFile(g);
    writeFileSync(path, g.bytes().subarray(0, 20_000));
    await expect(openModel(path)).rejects.toThrow('truncated');
  });
  it('weights stay in the file', async () => {
    const g = new TfGraph();
    g.output(g.matmul(g.placeholder('x', [1, 100]), 100, 100), 'y');
    const { graph } = await openModel(graphFile(g));
    const kinds = [...graph.values()].flatMap((v) => (v.weight && v.weight.shape.length === 2 ? [v.weight.kind] : []));
    expect(kinds).toEqual(['file']);
  });
});

describe('TensorFlow.js', () => {
  /** x·w + b with w in 8 bits, its bytes continued in a second file, and b as half precision. */
  function write(dir: string, change: (json: Record<string, unknown>) => void = () => undefined): void {
    const constant = (name: string, size: number[], dtype = 'DT_FLOAT'): object => ({
      name,
      op: 'Const',
      attr: {
        dtype: { type: dtype },
        value: { tensor: { dtype, tensorShape: { dim: size.map((d) => ({ size: String(d) })) } } },
      },
    });
    const json = {
      format: 'graph-model',
      generatedBy: '2.21.0',
      modelTopology: {
        node: [
          {
            name: 'x',
            op: 'Placeholder',
            attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '4' }] } } },
          },
          constant('w', [4, 2]),
          constant('b', [2]),
          {
            name: 'y',
            op: '_FusedMatMul',
            input: ['x', 'w', 'b'],
            attr: { T: { type: 'DT_FLOAT' }, fused_ops: { list: { s: ['Qmlhc0FkZA==', 'UmVsdQ=='] } } },
          },
        ],
      },
      weightsManifest: [
        {
          paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
          weights: [
            { name: 'w', shape: [4, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
            { name: 'b', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } },
          ],
        },
      ],
    };
    change(json);
    writeFileSync(join(dir, 'model.json'), JSON.stringify(json));
    writeFileSync(join(dir, 'group1-shard1of2.bin'), Uint8Array.of(0, 1, 2, 3, 4));
    // 0.5 and -2 as half precision.
    writeFileSync(join(dir, 'group1-shard2of2.bin'), Uint8Array.of(5, 6, 7, 0x00, 0x38, 0x00, 0xc0));
  }
  it('a graph with its constants in files of their own', async () => {
    const dir = place();
    write(dir);
    for (const path of [dir, join(dir, 'model.json')]) {
      const got = await runModel(await openModel(path, { shapes: { x: [2, 4] } }), { x: asTensor(x) });
      const w = [-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5];
      const want = [0, 1].flatMap((r) =>
        [0, 1].map((c) =>
          Math.max(
            0,
            [0, 1, 2, 3].reduce((s, k) => s + x.data[r * 4 + k]! * w[k * 2 + c]!, [0.5, -2][c]!),
          ),
        ),
      );
      expect(worst(dense('float32', [2, 2], want), asDense(got.y!))).toBeLessThan(1e-6);
    }
  });
  it('says what is missing', async () => {
    const dir = place();
    write(dir);
    rmSync(join(dir, 'group1-shard2of2.bin'));
    await expect(openModel(dir)).rejects.toThrow('"group1-shard2of2.bin" is missing');
    write(dir, (json) => {
      json.format = 'layers-model';
    });
    await expect(openModel(dir)).rejects.toThrow('layers models hold no graph');
  });
});

describe('formats are told apart by content', () => {
  it('whatever the file is called', () => {
    const dir = place();
    const put = (name: string, bytes: Uint8Array | string): string => {
      writeFileSync(join(dir, name), bytes);
      return join(dir, name);
    };
    const g = new TfGraph();
    g.output(g.relu(g.placeholder('x', [2])), 'y');
    const graph = { node: [onnxNode('Relu', ['x'], ['y'])], input: [value('x', [2])], output: [value('y', [2])] };
    expect(sniff(put('a', g.bytes()))).toBe('tensorflow-graph');
    expect(sniff(put('b.pb', modelBytes({ graph })))).toBe('onnx');
    expect(sniff(put('c.onnx', '# net\nname: "x"\nlayer { }'))).toBe('caffe-network');
    expect(sniff(put('d', 'just words'))).toBe(null);
    writeDenseModel(dir);
    expect(sniff(dir)).toBe('tensorflow-saved-model');
    expect(sniff(join(dir, 'saved_model.pb'))).toBe('tensorflow-saved-model');
  });
});
