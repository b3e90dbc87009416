import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Shape, shapeText } from '../../optimizer/ir/dim.ts';
import { Graph, type TensorType } from '../../optimizer/ir/graph.ts';
import { findOp } from '../../optimizer/ops/index.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import { parseExpression } from '../../optimizer/ops/plugins/expression.ts';
import { listPlugins } from '../../optimizer/ops/plugins/folder.ts';
import { parseManifest } from '../../optimizer/ops/plugins/manifest.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-plugin-ops-'));
process.env.SINTER_PLUGINS = dir;
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const MANIFEST = {
  name: 'patches',
  version: '1.0.0',
  domain: 'test',
  op: 'Patches',
  attributes: { size: { type: 'int' }, pads: { type: 'ints', default: [0, 0] } },
  inputs: [
    { name: 'x', dtypes: ['float32', 'int8'], shape: [null, 3, null] },
    { name: 'scale', optional: true, shape: ['x.0'] },
  ],
  outputs: [
    { name: 'y', dtype: 'x', shape: ['x.0', 'floorDiv(x.2 + pads.0 + pads.1, size)', 'or(size, 1) * x.1'] },
    { name: 'count', dtype: 'int64', shape: [] },
  ],
  sources: ['k.cpp'],
};

/** As `sinter plugin add` leaves it; the library is not opened here. */
function register(manifest: object & { name?: string } = MANIFEST): void {
  const folder = join(dir, (manifest as typeof MANIFEST).name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'plugin.json'), JSON.stringify(manifest));
  for (const file of ['k.cpp', 'plugin.so']) writeFileSync(join(folder, file), '');
}

/** Types of the outputs of one node. */
function infer(inputs: readonly (TensorType | null)[], attrs: Record<string, number | number[]>): string[] {
  const graph = new Graph();
  const ids = inputs.map((type, i) => (type ? graph.addValue({ name: `in${i}`, type }).id : null));
  graph.setInputs(ids.filter((v) => v !== null));
  const outs = ['y', 'n'].map(
    (name) => graph.addValue({ name, type: { dtype: 'float32', shape: null, guessed: true } }).id,
  );
  graph.addNode({ op: 'Patches', domain: 'test', name: 'p', attrs, inputs: ids, outputs: outs, source: ['0'] });
  inferTypes(graph);
  return outs.map((v) => `${graph.value(v).type.dtype} ${shapeText(graph.value(v).type.shape)}`);
}
const float = (...shape: Shape): TensorType => ({ dtype: 'float32', shape });

beforeEach(() => {
  rmSync(join(dir, 'patches'), { recursive: true, force: true });
});

describe('operators of plugins', () => {
  it('are known while their plugin is registered', () => {
    expect(findOp('test', 'Patches')).toBeUndefined();
    register();
    expect(findOp('test', 'Patches')?.op).toBe('Patches');
    expect(findOp('', 'Patches')).toBeUndefined();
    rmSync(join(dir, 'patches'), { recursive: true });
    expect(findOp('test', 'Patches')).toBeUndefined();
  });

  it('have the shapes of their expressions, open dimensions included', () => {
    register();
    expect(infer([float(2, 3, 10)], { size: 4 })).toEqual(['float32 2×2×12', 'int64 scalar']);
    expect(infer([float(2, 3, 10)], { size: 4, pads: [1, 1] })[0]).toBe('float32 2×3×12');
    expect(infer([{ dtype: 'int8', shape: ['n', 3, 'w'] }, float('n')], { size: 2 })[0]).toBe('int8 n×floor(w/2)×6');
    expect(infer([float(2, 3, 10), null], { size: 5 })[0]).toBe('float32 2×2×15');
  });

  it('refuse what contradicts their manifest', () => {
    register();
    expect(() => infer([float(2, 4, 10)], { size: 4 })).toThrow('"x" of shape 2×4×10; its plugin takes 2×3×10');
    expect(() => infer([float(2, 3)], { size: 4 })).toThrow('"x" of shape 2×3');
    expect(() => infer([float(2, 3, 9), float(3)], { size: 4 })).toThrow('"scale" of shape 3; its plugin takes 2');
    expect(() => infer([{ dtype: 'float16', shape: [2, 3, 9] }], { size: 4 })).toThrow(
      'its plugin takes float32 or int8',
    );
    expect(() => infer([float(2, 3, 9)], {})).toThrow('has no attribute "size"');
    expect(() => infer([float(2, 3, 9), null, float(1)], { size: 1 })).toThrow('it takes 1 to 2');
  });

  it('leave a folder that is none aside, with the reason', () => {
    register();
    mkdirSync(join(dir, 'broken'), { recursive: true });
    writeFileSync(join(dir, 'broken/plugin.json'), '{');
    const entries = listPlugins(dir);
    expect(entries.map((e) => (e.ok ? e.plugin.manifest.name : `${e.name}: ${e.error}`))).toEqual([
      expect.stringMatching(/^broken: .*plugin\.json is not JSON/),
      'patches',
    ]);
    expect(findOp('test', 'Patches')).toBeDefined();
    rmSync(join(dir, 'broken'), { recursive: true });
  });
});

describe('a manifest', () => {
  const refusal = (change: object): string => {
    try {
      parseManifest(JSON.stringify({ ...MANIFEST, ...change }), 'plugin.json');
    } catch (e) {
      return (e as Error).message;
    }
    return '';
  };
  it.each([
    [{}, ''],
    [{ name: '../up' }, '"name" must be lower-case letters'],
    [{ version: 'new' }, '"version" must be three numbers'],
    [{ domain: 'ai.onnx' }, 'the domain "ai.onnx" is not free'],
    [{ sources: ['../k.cpp'] }, '"sources.0" must be a file inside'],
    [{ library: 'k.so' }, 'either "sources" or a "library"'],
    [{ inputs: [{ name: 'size' }] }, 'the name "size" is given twice'],
    [{ outputs: [] }, '"outputs" '],
    [{ outputs: [{ name: 'y', dtype: 'q', shape: 'x' }] }, 'the type "q", which is neither'],
    [{ outputs: [{ name: 'y', shape: 'size' }] }, 'the shape of "size", which is no input'],
    [{ kernel: 'k' }, 'plugin.json: '],
  ])('%j', (change, message) => {
    const said = refusal(change);
    if (message === '') expect(said).toBe('');
    else expect(said).toContain(message);
    expect(said).not.toContain('\n');
  });
});

it.each([
  ['1 +', 'it ends early'],
  ['(x.0', '")" is missing'],
  ['x.y', 'takes a number'],
  ['sqrt(x.0, 1)', '"sqrt" is not one of'],
  ['2 3', '"3" is not expected'],
  ['', 'it ends early'],
])('the dimension "%s" cannot be read', (text, why) => {
  expect(() => parseExpression(text, new Set(['x']))).toThrow(why);
});
