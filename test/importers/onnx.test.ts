import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../optimizer/importers/index.ts';
import { shapeText } from '../../optimizer/ir/dim.ts';
import { Graph } from '../../optimizer/ir/graph.ts';
import { toNumbers } from '../../optimizer/ir/tensor.ts';
import { verify } from '../../optimizer/ir/verifier.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import { attr, floats, ints, node, sample, scratch, value, writeModel } from './make.ts';

const dir = scratch();
const relu = {
  name: 'g',
  node: [node('Relu', ['x'], ['y'])],
  input: [value('x', ['n', 3])],
  output: [value('y', ['n', 3])],
};

describe('importing ONNX', () => {
  it.each([
    'tiny-googlenet',
    'tiny-resnet',
    'tiny-transformer',
    'dynamic-conv',
  ])('types every value of %s', async (name) => {
    const m = await importModel(sample(name));
    expect(m.unsupported).toEqual([]);
    expect(verify(m.graph, { infer: (g) => void inferTypes(g) })).toEqual([]);
    for (const v of m.graph.values()) expect(v.type.shape, v.name).not.toBeNull();
    for (const n of m.graph.nodes()) expect(n.source).toHaveLength(1);
  });

  it('keeps weights in the file', async () => {
    const m = await importModel(sample('tiny-resnet'));
    const large = [...m.graph.values()].filter((v) => v.weight && v.weight.kind === 'file');
    expect(large.length).toBeGreaterThan(5);
    expect(m.graph.files).toHaveLength(1);
    for (const v of large) {
      const w = v.weight!;
      if (w.kind === 'file') expect(w.offset + w.length).toBeLessThanOrEqual(m.graph.files[0]!.size);
    }
  });

  it('fixes symbolic dimensions, also those that follow from them', async () => {
    const open = await importModel(sample('dynamic-conv'));
    expect(shapeText(open.outputs[0]!.type.shape)).toBe('batch×8×height*width');
    const fixed = await importModel(sample('dynamic-conv'), { shapes: { image: [2, 3, 21, 35] } });
    expect(fixed.outputs[0]!.type.shape).toEqual([2, 8, 735]);
    for (const v of fixed.graph.values())
      expect(
        v.type.shape!.every((d) => typeof d === 'number'),
        v.name,
      ).toBe(true);
  });

  it('refuses shapes that do not fit, naming the input', async () => {
    await expect(importModel(sample('dynamic-conv'), { shapes: { picture: [1] } })).rejects.toThrow(
      'no input "picture"',
    );
    await expect(importModel(sample('dynamic-conv'), { shapes: { image: [1, 4, 8, 8] } })).rejects.toThrow(
      'is 3, not 4',
    );
  });

  it('takes initializers that are also inputs as constants, and keeps order and names of the rest', async () => {
    const path = writeModel(dir, {
      ir: 3,
      opset: 9,
      graph: {
        name: 'g',
        node: [node('Add', ['a', 'w'], ['s']), node('Mul', ['s', 'b'], ['out'])],
        initializer: [floats('w', [2], [1, 2])],
        input: [value('b', [2]), value('w', [2]), value('a', [2])],
        output: [value('out', [2]), value('s', [2])],
      },
    });
    const m = await importModel(path);
    expect(m.inputs.map((i) => i.name)).toEqual(['b', 'a']);
    expect(m.outputs.map((i) => i.name)).toEqual(['out', 's']);
    expect(m.irVersion).toBe(3);
  });

  it('imports nodes in any order', async () => {
    const nodes = [node('Relu', ['t'], ['y']), node('Abs', ['x'], ['t'])];
    const m = await importModel(writeModel(dir, { graph: { ...relu, node: nodes } }));
    expect(m.graph.topological().map((n) => n.op)).toEqual(['Abs', 'Relu']);
    expect([...m.graph.sources.keys()]).toEqual(['0', '1']);
  });

  it('reads every form of tensor data', async () => {
    const forms: [string, object, number[]][] = [
      ['float32 typed', { dataType: 1, dims: [3], floatData: [1.5, -2, 3] }, [1.5, -2, 3]],
      ['float64 typed', { dataType: 11, dims: [2], doubleData: [1.25, -7] }, [1.25, -7]],
      ['int64 typed', { dataType: 7, dims: [3], int64Data: [-1, 0, 2 ** 40] }, [-1, 0, 2 ** 40]],
      ['uint64 typed', { dataType: 13, dims: [1], uint64Data: [2 ** 52] }, [2 ** 52]],
      ['int32 typed', { dataType: 6, dims: [2], int32Data: [-5, 7] }, [-5, 7]],
      ['int8 typed', { dataType: 3, dims: [3], int32Data: [-128, 127, -1] }, [-128, 127, -1]],
      ['bool typed', { dataType: 9, dims: [2], int32Data: [1, 0] }, [1, 0]],
      ['float16 bits', { dataType: 10, dims: [2], int32Data: [0x3c00, 0xc000] }, [1, -2]],
      ['bfloat16 bits', { dataType: 16, dims: [2], int32Data: [0x3f80, 0xc040] }, [1, -3]],
      ['float32 raw', floats('', [2], [0.5, 4]), [0.5, 4]],
      ['scalar', { dataType: 1, dims: [], floatData: [9] }, [9]],
      ['empty', { dataType: 1, dims: [0] }, []],
    ];
    const graph = {
      name: 'g',
      node: forms.map((_, i) => node('Identity', [`w${i}`], [`y${i}`])),
      initializer: forms.map(([, t], i) => ({ ...t, name: `w${i}` })),
      input: [],
      output: forms.map(([, t], i) => value(`y${i}`, [], (t as { dataType: number }).dataType)),
    };
    const m = await importModel(writeModel(dir, { graph }));
    forms.forEach(([label, , want], i) => {
      const v = [...m.graph.values()].find((x) => x.name === `w${i}`)!;
      const { weight } = v;
      expect(weight?.kind, label).toBe('literal');
      if (weight?.kind === 'literal') expect(toNumbers(weight.value), label).toEqual(want);
    });
  });

  it('refers to large packed floats in place, and decodes large packed integers once', async () => {
    const n = 50_000;
    const numbers = Array.from({ length: n }, (_, i) => ((i * 7919) % 255) - 128);
    const graph = {
      name: 'g',
      node: [node('Identity', ['f'], ['y']), node('Identity', ['q'], ['z'])],
      initializer: [
        { name: 'f', dims: [n], dataType: 1, floatData: numbers },
        { name: 'q', dims: [n], dataType: 3, int32Data: numbers },
      ],
      input: [],
      output: [value('y', [n]), value('z', [n], 3)],
    };
    const path = writeModel(dir, { graph });
    const cache = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = dir;
    try {
      const m = await importModel(path);
      const weights = [...m.graph.values()].flatMap((v) => (v.weight?.kind === 'file' ? [v.weight] : []));
      expect(weights.map((w) => [w.dtype, w.file, w.length])).toEqual([
        ['float32', 0, 4 * n],
        ['int8', 1, n],
      ]);
      const { readFileSync } = await import('node:fs');
      const inPlace = readFileSync(path).subarray(weights[0]!.offset, weights[0]!.offset + 4 * n);
      expect(new Float32Array(inPlace.buffer.slice(inPlace.byteOffset, inPlace.byteOffset + 4 * n))[1]).toBe(
        numbers[1],
      );
      const decoded = new Int8Array(readFileSync(m.graph.files[1]!.path));
      expect([...decoded.subarray(0, 5)]).toEqual(numbers.slice(0, 5));
      expect(decoded).toHaveLength(n);
    } finally {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
    }
  });

  it('inlines functions with their attributes and paths', async () => {
    const f = {
      name: 'Scaled',
      domain: 'my',
      input: ['a'],
      output: ['r'],
      attribute: ['slope'],
      node: [node('LeakyRelu', ['a'], ['t'], [attr.ref('alpha', 'slope', 1)]), node('Add', ['t', 'a'], ['r'])],
      opsetImport: [{ domain: '', version: 17 }],
    };
    const graph = {
      ...relu,
      node: [
        node('Scaled', ['x'], ['m'], [attr.float('slope', 0.25)], 'my'),
        node('Scaled', ['m'], ['y'], [attr.float('slope', 0.5)], 'my'),
      ],
    };
    const m = await importModel(writeModel(dir, { graph, functions: [f], domains: { my: 1 } }));
    const nodes = m.graph.topological();
    expect(nodes.map((n) => [n.op, n.source[0], n.attrs.alpha])).toEqual([
      ['LeakyRelu', '0/Scaled/0', 0.25],
      ['Add', '0/Scaled/1', undefined],
      ['LeakyRelu', '1/Scaled/0', 0.5],
      ['Add', '1/Scaled/1', undefined],
    ]);
  });

  it('stops a function that calls itself', async () => {
    const f = {
      name: 'F',
      domain: 'my',
      input: ['a'],
      output: ['r'],
      node: [node('F', ['a'], ['r'], [], 'my')],
      opsetImport: [{ domain: 'my', version: 1 }],
    };
    const graph = { ...relu, node: [node('F', ['x'], ['y'], [], 'my')] };
    await expect(importModel(writeModel(dir, { graph, functions: [f], domains: { my: 1 } }))).rejects.toMatchObject({
      code: 'cyclic',
    });
  });

  it('closes subgraphs: what they read from outside becomes an input', async () => {
    const branch = (op: string) => ({
      name: op,
      node: [node(op, ['x'], [`${op}_r`])],
      output: [value(`${op}_r`, ['n', 3])],
    });
    const graph = {
      name: 'g',
      node: [
        node('If', ['c'], ['y'], [attr.graph('then_branch', branch('Abs')), attr.graph('else_branch', branch('Neg'))]),
      ],
      input: [value('c', [], 9), value('x', ['n', 3])],
      output: [value('y', ['n', 3])],
    };
    const m = await importModel(writeModel(dir, { graph }));
    const [n] = m.graph.nodes();
    expect(n!.inputs).toEqual(m.graph.inputs);
    expect(n!.attrs.captures).toBe(1);
    const then = n!.attrs.then_branch;
    expect(then).toBeInstanceOf(Graph);
    if (then instanceof Graph) {
      expect(then.inputs).toHaveLength(1);
      expect([...then.nodes()][0]!.source).toEqual(['0/then_branch/0']);
      expect(shapeText(then.value(then.outputs[0]!).type.shape)).toBe('n×3');
    }
    expect(shapeText(m.outputs[0]!.type.shape)).toBe('n×3');
    expect(m.graph.sources.has('0/else_branch/0')).toBe(true);
  });

  it('keeps unknown operators and lists them', async () => {
    const graph = { ...relu, node: [node('Frobnicate', ['x'], ['t'], [], 'acme'), node('Relu', ['t'], ['y'])] };
    const m = await importModel(writeModel(dir, { graph, domains: { acme: 1 } }));
    expect(m.unsupported).toMatchObject([{ source: '0', op: 'Frobnicate', domain: 'acme' }]);
    expect(m.graph.nodeCount).toBe(2);
    const t = [...m.graph.values()].find((v) => v.name === 't')!;
    expect(t.type).toMatchObject({ shape: null, guessed: true });
  });

  it('keeps operators with element types that are not known', async () => {
    const graph = {
      ...relu,
      node: [node('Cast', ['x'], ['t'], [attr.int('to', 27)]), node('Cast', ['t'], ['y'], [attr.int('to', 1)])],
    };
    const m = await importModel(writeModel(dir, { graph }));
    expect(m.unsupported).toMatchObject([{ op: 'Cast', reason: expect.stringContaining('element type number 27') }]);
    expect(m.outputs[0]!.type.dtype).toBe('float32');
  });

  it('keeps string constants through import and export', async () => {
    const words = {
      ...relu,
      node: [
        node(
          'Constant',
          [],
          ['y'],
          [{ name: 'value_strings', type: 8, strings: ['ab', 'ç'].map((w) => new TextEncoder().encode(w)) }],
        ),
      ],
      input: [],
      output: [value('y', [2], 8)],
    };
    const m = await importModel(writeModel(dir, { graph: words }));
    const w = m.graph.value(m.graph.outputs[0]!).weight!;
    expect(w).toMatchObject({ kind: 'literal', dtype: 'string', shape: [2] });
    const path = join(dir, 'words.onnx');
    const { writeOnnx } = await import('../../optimizer/exporters/onnx/write.ts');
    await writeOnnx(m.graph, path, { evaluateWeight: () => Promise.reject(new Error('nothing to evaluate')) });
    const again = await importModel(path);
    const back = [...again.graph.values()].find((v) => v.weight)!.weight!;
    expect(back.hash).toBe(w.hash);
  });

  it('reads external data', async () => {
    const bytes = new Uint8Array(Float32Array.from({ length: 10_000 }, (_, i) => i).buffer);
    writeFileSync(join(dir, 'weights.bin'), Buffer.concat([new Uint8Array(64), bytes]));
    const m = await importModel(writeModel(dir, { graph: externalGraph('weights.bin', 64, bytes.length) }));
    const w = [...m.graph.values()].find((v) => v.weight)!.weight!;
    expect(w).toMatchObject({ kind: 'file', file: 1, offset: 64, length: bytes.length });
    expect(m.graph.files[1]!.size).toBe(64 + bytes.length);
  });

  it('opens a model of more than 4 GB by its structure alone', async () => {
    // A sparse file: the payload of the one tensor is a hole.
    const length = 5 * 1024 ** 3;
    const varint = (v: number): number[] => (v < 128 ? [v] : [(v % 128) | 128, ...varint(Math.floor(v / 128))]);
    const message = (field: number, body: number[]): number[] => [field * 8 + 2, ...varint(body.length), ...body];
    const text = (s: string): number[] => [...Buffer.from(s)];
    const type = message(2, message(1, [8, 1]));
    const head = [8, ...varint(length / 4), 16, 1, ...message(8, text('w')), 74, ...varint(length)];
    const nodeBody = message(1, [...message(1, text('w')), ...message(2, text('y')), ...message(4, text('Relu'))]);
    const tail = message(12, [...message(1, text('y')), ...type]);
    const tensor = [42, ...varint(head.length + length), ...head];
    const graph = nodeBody.length + tensor.length + length + tail.length;
    const start = [8, 8, ...message(8, [16, 17]), 58, ...varint(graph), ...nodeBody, ...tensor];
    const path = join(dir, 'huge.onnx');
    const fd = openSync(path, 'w');
    const { writeSync } = await import('node:fs');
    writeSync(fd, Uint8Array.from(start));
    ftruncateSync(fd, start.length + length);
    writeSync(fd, Uint8Array.from(tail), 0, tail.length, start.length + length);
    closeSync(fd);
    const m = await importModel(path);
    const w = [...m.graph.values()].find((v) => v.weight)!.weight!;
    expect(w).toMatchObject({ kind: 'file', offset: start.length, length });
    expect(m.outputs[0]!.type.shape).toEqual([length / 4]);
  });
});

const externalGraph = (location: string, offset: number, length: number) => ({
  name: 'g',
  node: [node('Add', ['x', 'w'], ['y'])],
  initializer: [
    {
      name: 'w',
      dims: [length / 4],
      dataType: 1,
      dataLocation: 1,
      externalData: Object.entries({ location, offset, length }).map(([key, v]) => ({ key, value: String(v) })),
    },
  ],
  input: [value('x', [length / 4])],
  output: [value('y', [length / 4])],
});

describe('models that are refused, with a sentence', () => {
  const refused = (path: string, code: string, text: string | RegExp) =>
    expect(importModel(path)).rejects.toThrow(
      expect.objectContaining({ name: 'ImportError', code, message: expect.stringMatching(text) }) as Error,
    );
  const file = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(dir, name), bytes);
    return join(dir, name);
  };

  it('what is not a model', async () => {
    await refused(join(dir, 'nothing.onnx'), 'not-found', 'There is no file');
    await refused(dir, 'not-a-model', 'is a folder');
    await refused(file('empty.onnx', ''), 'not-a-model', 'is empty');
    await refused(file('text.onnx', 'Dear reader,\nthis is not a network.\n'), 'not-a-model', 'is a text file');
    const random = Uint8Array.from({ length: 5000 }, (_, i) => (i * 2654435761) >>> 13);
    await refused(file('random.onnx', random), 'not-a-model', 'not an ONNX model');
    await refused(file('zeros.onnx', new Uint8Array(4096)), 'not-a-model', 'not an ONNX model');
    await refused(file('model.prototxt', 'layer {}'), 'not-a-model', 'computes nothing');
    const cut = readFileSync(sample('tiny-googlenet')).subarray(0, 20_000);
    await refused(file('cut.onnx', cut), 'truncated', /cut\.onnx ends in the middle of the model/);
    await refused(file('net.sinter', 'SINTER\0\x01'), 'not-a-model', /net\.sinter is an engine/);
  });

  it('other versions', async () => {
    expect((await importModel(writeModel(dir, { graph: relu, opset: 6 }))).unsupported).toEqual([]);
    await refused(writeModel(dir, { graph: relu, opset: 0 }), 'unsupported-version', 'operator set 0; sets from 1');
    await refused(writeModel(dir, { graph: relu, ir: 2 }), 'unsupported-version', 'IR version 2');
    const m = await importModel(writeModel(dir, { graph: relu, opset: 99 }));
    expect(m.warnings[0]).toMatch('operator set 99');
  });

  it('names without a definition, or with two', async () => {
    await refused(
      writeModel(dir, { graph: { ...relu, node: [node('Relu', ['nowhere'], ['y'])] } }),
      'undefined-value',
      'reads "nowhere"',
    );
    await refused(writeModel(dir, { graph: { ...relu, node: [] } }), 'undefined-value', 'output "y"');
    const twice = [node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])];
    await refused(writeModel(dir, { graph: { ...relu, node: twice } }), 'duplicate-value', '"y" is defined twice');
    const cycle = [node('Add', ['x', 'y'], ['t']), node('Relu', ['t'], ['y'])];
    await refused(writeModel(dir, { graph: { ...relu, node: cycle } }), 'cyclic', 'has a cycle through Add');
  });

  it('operators that contradict themselves', async () => {
    const bad = (n: object, initializer: object[] = []) =>
      writeModel(dir, { graph: { ...relu, node: [n], initializer } });
    await refused(bad(node('Relu', ['x', 'x'], ['y'])), 'invalid-operator', 'has 2 inputs; it takes 1');
    await refused(
      bad(node('Reshape', ['x', 's'], ['y']), [ints('s', [2], [-1, -1])]),
      'invalid-operator',
      'more than one -1',
    );
    await refused(bad(node('Concat', ['x'], ['y'], [attr.int('axis', 5)])), 'invalid-operator', 'axis 5 is outside');
    await refused(
      bad(node('Concat', ['x'], ['y'], [attr.string('axis', 'one')])),
      'invalid-operator',
      'not of the kind int',
    );
    await refused(bad(node('Conv', ['x', 'x'], ['y'])), 'invalid-operator', 'at least 3 dimensions');
    await refused(
      bad(node('Concat', ['x', 's'], ['y'], [attr.int('axis', 0)]), [floats('s', [], [1])]),
      'invalid-operator',
      'their ranks differ',
    );
    const two = [value('a', [3]), value('b', [3])];
    const body = attr.graph('body', {
      name: 'b',
      node: [node('Add', ['a', 'b'], ['c'])],
      input: two,
      output: [value('c', [3])],
    });
    await refused(bad(node('SequenceMap', ['x'], ['y'], [body])), 'invalid-operator', 'a body of 2 inputs');
    // Dropout's mask is its last output; an upgrade must not leave a third without an origin.
    const three = [node('Dropout', ['x'], ['a', 'mask', 'y']), node('Not', ['mask'], ['b'])];
    await refused(writeModel(dir, { graph: { ...relu, node: three } }), 'invalid-operator', 'has no output 2');
  });

  it('tensors that lie', async () => {
    const graph = (t: object) => ({
      ...relu,
      node: [node('Add', ['x', 'w'], ['y'])],
      initializer: [{ name: 'w', ...t }],
    });
    const huge = { dims: [805306368], dataType: 1, rawData: new Uint8Array(64) };
    await refused(
      writeModel(dir, { graph: graph(huge) }),
      'bad-tensor',
      '"w" declares float32 805306368, which is 3221225472 bytes, but holds 64',
    );
    await refused(
      writeModel(dir, { graph: graph({ dims: [805306368], dataType: 1, floatData: [1] }) }),
      'bad-tensor',
      /needs 805306368|holds/,
    );
    await refused(
      writeModel(dir, { graph: graph({ dims: [2], dataType: 7, int64Data: [1] }) }),
      'bad-tensor',
      'has 1 elements',
    );
    await refused(writeModel(dir, { graph: graph({ dims: [-4], dataType: 1 }) }), 'bad-tensor', 'impossible shape');
    await refused(
      writeModel(dir, { graph: graph({ dims: [1], dataType: 14, rawData: new Uint8Array(8) }) }),
      'unsupported-feature',
      'element type number 14',
    );
    await refused(writeModel(dir, { graph: graph({ dims: [4], dataType: 1 }) }), 'bad-tensor', 'has no data');
  });

  it('external data that is missing, too short or outside the folder', async () => {
    await refused(
      writeModel(dir, { graph: externalGraph('gone.bin', 0, 40_000) }),
      'missing-external-data',
      '"gone.bin"',
    );
    file('short.bin', new Uint8Array(100));
    await refused(writeModel(dir, { graph: externalGraph('short.bin', 0, 40_000) }), 'truncated', 'only 100');
    await refused(
      writeModel(dir, { graph: externalGraph('../secret.bin', 0, 40_000) }),
      'external-data-outside',
      'not inside',
    );
    await refused(
      writeModel(dir, { graph: externalGraph('/etc/passwd', 0, 40_000) }),
      'external-data-outside',
      'not inside',
    );
    const inner = join(dir, 'inner');
    mkdirSync(inner);
    file('outside.bin', new Uint8Array(40_000));
    symlinkSync(join(dir, 'outside.bin'), join(inner, 'link.bin'));
    await refused(
      writeModel(inner, { graph: externalGraph('link.bin', 0, 40_000) }),
      'external-data-outside',
      'not inside',
    );
  });

  it('stops when asked to', async () => {
    await expect(importModel(sample('tiny-resnet'), { stop: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
