import { describe, expect, it } from 'vitest';
import type { TuningChoice } from '../../electron/ipc/schemas/build.ts';
import { matches } from '../../renderer/commands/keys.ts';
import { movedEnd } from '../../renderer/panels/build/range.ts';
import { cliCommands, whereItRuns } from '../../renderer/panels/export/command.ts';
import { searchNodes } from '../../renderer/panels/outline/search.ts';
import { histogram } from '../../renderer/panels/profile/histogram.ts';
import { relativeTo, resolveFrom } from '../../renderer/store/paths.ts';
import { DEFAULT_IMAGE, NO_PRECISION, newData, type PrecisionChoices } from '../../renderer/store/precision.ts';
import {
  bytesText,
  flopsText,
  middleCut,
  plural,
  sentenceText,
  shellWord,
  timeText,
} from '../../renderer/ui/format.ts';
import { rangesText } from '../../renderer/ui/ranges.ts';
import { untimed } from '../support/tuning.ts';
import { viewOf } from '../support/views.ts';

describe('numbers as people read them', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.50 kB'],
    [205_000, '205 kB'],
    [12_345_678, '12.3 MB'],
  ])('%d bytes', (n, text) => expect(bytesText(n)).toBe(text));
  it.each([
    [0, '0 µs'],
    [850, '850 ns'],
    [47_800, '47.8 µs'],
    [1_580_000, '1.58 ms'],
  ])('%d ns', (n, text) => expect(timeText(n)).toBe(text));
  it('operations', () => expect(flopsText(18.5e6)).toBe('18.5 MFLOP'));
  it('plurals', () =>
    expect([plural(1, 'layer'), plural(2, 'layer'), plural(1200, 'layer')]).toEqual([
      '1 layer',
      '2 layers',
      '1,200 layers',
    ]));
});

describe('sentences', () => {
  it('begin with a capital, but leave names as they are written', () =>
    expect(['engines run', 'well-kept', 'cuDNN was not found', 'libcuda.so is old'].map(sentenceText)).toEqual([
      'Engines run',
      'Well-kept',
      'cuDNN was not found',
      'libcuda.so is old',
    ]));
});

describe('long names', () => {
  it('keep both ends', () => {
    const cut = middleCut('inception_3a/branch_pool/projection/conv', 20);
    expect(cut).toHaveLength(20);
    expect(cut.startsWith('inception')).toBe(true);
    expect(cut.endsWith('conv')).toBe(true);
  });
  it('stay whole when they fit', () => expect(middleCut('conv1', 20)).toBe('conv1'));
});

describe('the command that reproduces an engine', () => {
  const model = {
    path: "/data/my model's.onnx",
    name: "my model's.onnx",
    inputs: [{ name: 'x', type: 'float32 N×3×224×224' }],
    symbols: ['N'],
  };
  const choices = {
    passes: ['scale-fusion'],
    applications: ['abc123'],
    device: 'cpu',
    threads: 2,
    shapes: { N: 4 },
    profiles: [],
    optimizationProfile: 0,
    iterations: 100,
    precision: NO_PRECISION,
    tuning: { ...untimed, level: 3 },
  };
  it('names model, switches, threads and shapes, quoted for a shell', () => {
    expect(cliCommands(model, choices, 2).lines).toEqual([
      "npx sinter build '/data/my model'\\''s.onnx' -o 'my model'\\''s.sinter' --threads 2 --disable scale-fusion --disable-fusion abc123 --shape x=4x3x224x224",
    ]);
  });
  it('names the GPU, its streams and TF32', () => {
    const gpu = {
      ...choices,
      device: 'cuda:0',
      precision: { ...NO_PRECISION, kind: 'fp16' as const, fastFp32: true },
      tuning: { ...choices.tuning, auxStreams: 2, libraries: ['cublaslt' as const, 'cudnn' as const] },
    };
    const [line] = cliCommands(model, gpu, 2).lines;
    for (const flag of [
      '--device cuda:0',
      '--max-aux-streams 2',
      '--precision fp16',
      '--fast-fp32',
      '--tactic-sources +CUBLAS_LT,+CUDNN',
    ])
      expect(line).toContain(flag);
    expect(cliCommands(model, { ...gpu, device: 'cpu' }, 2).lines[0]).not.toContain('--max-aux-streams');
  });
  it('names the timing cache, and that nothing is timed', () => {
    const flags = (tuning: Partial<TuningChoice>) =>
      cliCommands(model, { ...choices, tuning: { ...choices.tuning, ...tuning } }, 2).lines[0];
    expect(flags({ timings: { file: '/data/my timings.json' }, deterministic: true })).toContain(
      "--timing-cache '/data/my timings.json' --deterministic",
    );
    expect(flags({ timings: 'none' })).toContain('--no-timing-cache');
    expect(flags({ timings: 'none', level: 0, deterministic: true })).not.toMatch(/timing-cache|deterministic/);
  });
  it('names the ranges of one optimization profile, and of several', () => {
    const one = { N: { min: 1, opt: 4, max: 8 } };
    const two = { N: { min: 16, opt: 32, max: 64 } };
    const plain = { ...choices, passes: [], applications: [] };
    const flags = (profiles: (typeof one)[]) => cliCommands(model, { ...plain, profiles }, 2).lines[0];
    expect(flags([one])).toContain('--threads 2 --range N=1,4,8');
    expect(flags([one, two])).toContain('--threads 2 --profile 0 --range N=1,4,8 --profile 1 --range N=16,32,64');
    expect(flags([one])).not.toContain('--shape');
  });
  it('leaves fixed shapes out', () => {
    const fixed = { ...model, inputs: [{ name: 'x', type: 'float32 1×3×8×8' }], symbols: [] };
    expect(cliCommands(fixed, { ...choices, passes: [], applications: [] }, 1).lines[0]).not.toContain('--shape');
  });
  it('names what was given beside the file: weights and shapes that it does not say', () => {
    const given = { weights: '/data/net.caffemodel', shapes: { y: [1, 2], keep: [] } };
    const [line] = cliCommands({ ...model, given }, { ...choices, passes: [], applications: [] }, 1).lines;
    expect(line).toContain('--weights /data/net.caffemodel --shape y=1x2 --shape keep=scalar -o');
  });
  const int8 = (change: Partial<PrecisionChoices> = {}) => ({
    ...choices,
    passes: [],
    applications: [],
    precision: {
      ...NO_PRECISION,
      kind: 'int8' as const,
      data: {
        ...newData('/data/my photos'),
        samples: 500,
        image: { ...DEFAULT_IMAGE, mean: [0.485, 0.456, 0.406], scale: 1, resize: 'crop' as const },
      },
      algorithm: 'percentile:99.9',
      pins: { '3': 'fp32' as const },
      ...change,
    },
  });
  const run = { origin: 'run', path: '/cache/x.calib', made: 'entropy', status: 'complete' } as const;
  it('calibrates again from the same samples in the same way', () => {
    expect(cliCommands(model, int8(), 1, run).lines).toEqual([
      "npx sinter calibrate '/data/my model'\\''s.onnx' --data '/data/my photos' --samples 500 --resize crop --scale 1 --mean 0.485,0.456,0.406 --algorithm percentile --percentile 99.9 --threads 1 -o 'my model'\\''s.calib'",
      "npx sinter build '/data/my model'\\''s.onnx' -o 'my model'\\''s.sinter' --threads 1 --shape x=4x3x224x224 --precision int8 --calibration 'my model'\\''s.calib' --pin 3=fp32",
    ]);
  });
  it('takes ranges from the file that holds them, and says when there is none', () => {
    const moved = int8({ thresholds: { a: 2 } });
    expect(cliCommands(model, moved, 1, run)).toMatchObject({ needs: 'calibration', lines: [expect.any(String)] });
    expect(cliCommands(model, int8(), 1, run, null, true).needs).toBe('calibration');
    expect(cliCommands(model, moved, 1, run, '/out/a.calib')).toMatchObject({ needs: null });
    expect(cliCommands(model, moved, 1, run, '/out/a.calib').lines[0]).toContain('--calibration /out/a.calib');
    const file = { ...run, origin: 'tensorrt' as const, made: 'TRT', path: '/in/t.cache' };
    expect(cliCommands(model, int8({ algorithm: 'TRT' }), 1, file).lines).toEqual([
      expect.stringContaining('--calibration /in/t.cache'),
    ]);
  });
  it('quotes only what needs it', () =>
    expect([shellWord('a/b.onnx'), shellWord('a b')]).toEqual(['a/b.onnx', "'a b'"]));
  it('says where the engine runs', () => {
    expect(whereItRuns('cpu', ['f32_conv2d__avx512_14x32', 'any_copy__scalar'])).toContain('AVX-512');
    expect(whereItRuns('cpu', ['any_copy__scalar'])).toBe('Runs on any x86-64 CPU.');
    expect(whereItRuns('cuda:0', ['f16_conv2d__sm90_wgmma_128x64x64', 'cpu:any_gru__avx512'])).toContain(
      'NVIDIA driver',
    );
  });
});

describe('keys', () => {
  const press = (key: string, mods: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...mods,
  });
  it('match with exactly their modifiers', () => {
    expect(matches('CmdOrCtrl+K', press('k', { ctrlKey: true }))).toBe(true);
    expect(matches('CmdOrCtrl+K', press('k'))).toBe(false);
    expect(matches('CmdOrCtrl+K', press('k', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(matches('CmdOrCtrl+Shift+Z', press('Z', { ctrlKey: true, shiftKey: true }))).toBe(true);
    expect(matches('Alt+Left', press('ArrowLeft', { altKey: true }))).toBe(true);
    expect(matches(']', press(']'))).toBe(true);
    expect(matches('', press('a'))).toBe(false);
  });
});

describe('search', () => {
  const { nodes } = viewOf(
    [
      { id: 'n1', op: 'Conv', name: 'block1/conv', shape: '1×64×56×56' },
      { id: 'n2', op: 'Relu', name: 'block1/relu', shape: '1×64×56×56' },
      { id: 'n3', op: 'Conv', name: 'block2/conv', shape: '1×128×28×28' },
    ],
    [],
  );
  it.each([
    ['conv', ['n1', 'n3']],
    ['conv block2', ['n3']],
    ['64x56', ['n1', 'n2']],
    ['RELU float32', ['n2']],
    ['', ['n1', 'n2', 'n3']],
    ['nothing', []],
  ])('"%s"', (query, ids) => expect(searchNodes(nodes, query).map((n) => n.id)).toEqual(ids));
});

describe('projects', () => {
  it('name a model below them relatively, and find it again after a move', () => {
    expect(relativeTo('/work/a/', '/work/a/models/m.onnx')).toBe('models/m.onnx');
    expect(resolveFrom('/moved/a/', 'models/m.onnx')).toBe('/moved/a/models/m.onnx');
  });
  it('name others absolutely', () => {
    expect(relativeTo('/work/a/', '/data/m.onnx')).toBe('/data/m.onnx');
    expect(resolveFrom('/work/a/', '/data/m.onnx')).toBe('/data/m.onnx');
  });
});

it('a histogram leaves stray slow runs out of its scale', () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => (i < 97 ? 1 + (i % 10) / 100 : 50));
  const { x, y } = histogram(values, 10);
  expect(Math.max(...x)).toBeLessThan(2);
  expect(y.reduce((a, b) => a + b, 0)).toBe(97);
});

describe('ranges of open dimensions', () => {
  it('a range stays one when an end is moved past another', () => {
    const range = { min: 2, opt: 8, max: 16 };
    expect(movedEnd(range, 'opt', 32)).toEqual({ min: 2, opt: 32, max: 32 });
    expect(movedEnd(range, 'opt', 1)).toEqual({ min: 1, opt: 1, max: 16 });
    expect(movedEnd(range, 'min', 20)).toEqual({ min: 20, opt: 20, max: 20 });
    expect(movedEnd(range, 'max', 4)).toEqual({ min: 2, opt: 4, max: 4 });
    expect(movedEnd(range, 'max', 64)).toEqual({ min: 2, opt: 8, max: 64 });
  });
  it('are told in one line', () => {
    const n = { min: 32, opt: 32, max: 32 };
    expect(rangesText({ batch: { min: 1, opt: 4, max: 8 }, height: n })).toBe('batch 1…4…8, height 32');
  });
});
