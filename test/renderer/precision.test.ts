import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CalibrationView } from '../../electron/ipc/schemas/precision.ts';
import { activeOverlay, shareOf } from '../../renderer/overlays/overlays.ts';
import { NORMALIZATIONS, normalizationOf } from '../../renderer/panels/calibration/normalization.ts';
import { barsFor, movedByKey } from '../../renderer/panels/precision/bars.ts';
import { around, tickText } from '../../renderer/panels/tradeoff/axis.ts';
import { redo, undo } from '../../renderer/store/actions/choices.ts';
import { pin } from '../../renderer/store/actions/precision/measure.ts';
import { currentRanges, resetThreshold, setThreshold } from '../../renderer/store/actions/precision/ranges.ts';
import { choosePrecision, setResults } from '../../renderer/store/actions/precision/results.ts';
import { projectText } from '../../renderer/store/actions/project.ts';
import { calibrationStale, dataKey, newData, quantizedKind, testChoice } from '../../renderer/store/precision.ts';
import { buildKeyOf, isStale } from '../../renderer/store/state.ts';
import { get, resetStudio, set } from '../../renderer/store/store.ts';
import { histogramPath } from '../../renderer/ui/histogramPath.ts';
import { numbersText, parseNumbers } from '../../renderer/ui/numbers.ts';

afterEach(() => {
  resetStudio();
  vi.useRealTimers();
});

const calibration = (change: Partial<CalibrationView> = {}): CalibrationView => ({
  calibration: 'c1',
  path: '/cache/m.calib',
  origin: 'run',
  status: 'complete',
  algorithm: 'entropy',
  made: 'entropy',
  samples: 5,
  next: 5,
  total: 5,
  skipped: [],
  warnings: [],
  revision: 1,
  tensors: [],
  missing: [],
  ...change,
});
const choices = () => get().choices.precision;

describe('choices of precision', () => {
  it('are undone and redone; quick steps of one handle are one', () => {
    vi.useFakeTimers({ now: 0 });
    setThreshold('a', 3);
    setThreshold('a', 2.9);
    setThreshold('a', 2.8);
    vi.setSystemTime(5000);
    setThreshold('a', 2);
    setThreshold('b', 1);
    expect(choices().thresholds).toEqual({ a: 2, b: 1 });
    undo();
    expect(choices().thresholds).toEqual({ a: 2 });
    undo();
    expect(choices().thresholds).toEqual({ a: 2.8 });
    undo();
    expect(choices().thresholds).toEqual({});
    redo();
    expect(choices().thresholds).toEqual({ a: 2.8 });
    resetThreshold('a');
    expect(choices().thresholds).toEqual({});
  });

  it('pin the operators of a layer, and leave them free again', () => {
    pin(['1', '2'], 'fp32');
    pin(['2'], 'int8');
    expect(choices().pins).toEqual({ 1: 'fp32', 2: 'int8' });
    pin(['1', '2'], null);
    expect(choices().pins).toEqual({});
    undo();
    expect(choices().pins).toEqual({ 1: 'fp32', 2: 'int8' });
  });

  it('name the ranges as made, or what was decided since', () => {
    expect(currentRanges()).toBeNull();
    setResults({ calibration: calibration() });
    expect(currentRanges()).toEqual({ calibration: 'c1', algorithm: null, thresholds: {} });
    choosePrecision({ algorithm: 'mse', thresholds: { a: 1 } });
    expect(currentRanges()).toEqual({ calibration: 'c1', algorithm: 'mse', thresholds: { a: 1 } });
  });

  it('make an engine stale only where it depends on them', () => {
    setResults({ calibration: calibration() });
    const built = { engine: 'e1', revision: 1, report: {} };
    const trace = { revision: 1 };
    set({ build: built as never, trace: trace as never, buildKey: buildKeyOf(get()) });
    setThreshold('a', 1);
    expect(isStale(get())).toBe(false);
    choosePrecision({ kind: 'int8' });
    expect(isStale(get())).toBe(true);
    set({ buildKey: buildKeyOf(get()) });
    setThreshold('a', 0.5);
    expect(isStale(get())).toBe(true);
    undo();
    expect(isStale(get())).toBe(false);
    pin(['4'], 'fp32');
    expect(isStale(get())).toBe(true);
  });

  it('make a calibration stale with its samples, not with what is measured on others', () => {
    choosePrecision({ data: newData('/d/a') });
    setResults({ calibration: calibration(), calibrationKey: dataKey(get()) });
    choosePrecision({ test: { path: '/d/test', labels: null, samples: 10 } });
    expect(calibrationStale(get())).toBe(false);
    expect(testChoice(choices())).toMatchObject({ path: '/d/test', samples: 10, batch: 1 });
    choosePrecision({ data: { ...newData('/d/a'), samples: 3 } });
    expect(calibrationStale(get())).toBe(true);
    setResults({ calibrationKey: '' });
    expect(calibrationStale(get())).toBe(false);
  });

  it('stand in the project, paths relative to it', () => {
    set({ model: { path: '/w/m.onnx', name: 'm.onnx', hash: 'h' } as never });
    choosePrecision({ data: newData('/w/photos'), test: { path: '/x/t', labels: '/w/l.txt', samples: null } });
    setResults({ calibration: calibration({ path: '/w/m.calib' }) });
    const text = JSON.parse(projectText('/w/') ?? '');
    expect(text.choices.precision.data.path).toBe('photos');
    expect(text.choices.precision.test).toEqual({ path: '/x/t', labels: 'l.txt', samples: null });
    expect(text.calibration).toEqual({ path: 'm.calib', current: true });
  });
});

describe('the device of a build', () => {
  afterEach(resetStudio);

  it('makes another build of it, as threads, sizes and streams do', () => {
    const keys = [buildKeyOf(get())];
    for (const change of [
      { device: 'cuda:0' },
      { threads: 3 },
      { shapes: { N: 2 } },
      { tuning: { ...get().choices.tuning, auxStreams: 0 } },
    ]) {
      set({ choices: { ...get().choices, ...change } });
      keys.push(buildKeyOf(get()));
    }
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('decides what ranges are used for: on a GPU the rest goes to FP16', () => {
    const { choices } = get();
    const kindOn = (device: string, kind: typeof choices.precision.kind) =>
      quantizedKind({ ...choices, device, precision: { ...choices.precision, kind } });
    expect([kindOn('cpu', 'fp32'), kindOn('cuda:0', 'fp32')]).toEqual(['int8', 'int8+fp16']);
    // What a person has chosen stays.
    expect([kindOn('cpu', 'int8+fp16'), kindOn('cuda:0', 'int8')]).toEqual(['int8+fp16', 'int8']);
  });
});

describe('overlays of precision', () => {
  it('colour by the worst layer, from the least to the best', () => {
    const layers = [
      { sources: ['1'], sqnr: 20 },
      { sources: ['1', '2'], sqnr: 30 },
      { sources: ['3'], sqnr: Number.POSITIVE_INFINITY },
    ];
    setResults({ sensitivity: { layers, samples: 1, revision: 1 } as never });
    set({ overlay: 'sqnr' });
    const o = activeOverlay(get())!;
    expect([o.value(['1']), o.value(['2']), o.value(['3'])]).toEqual([20, 30, null]);
    expect([shareOf(o, 20), shareOf(o, 30)]).toEqual([0, 1]);
    expect(o.text(20.4)).toBe('20 dB');
  });
  it('say what a layer computes in', () => {
    const layers = [
      { sources: ['1'], stored: 'int8' },
      { sources: ['2'], stored: '' },
    ];
    set({ overlay: 'precision', build: { report: { layers } } as never });
    const o = activeOverlay(get())!;
    expect(o.kinds?.map((k) => k.title)).toEqual(['INT8', 'FP32']);
    expect(o.text(o.value(['1'])!)).toBe('INT8');
    expect(shareOf(o, o.value(['2'])!)).toBe(1);
  });
});

describe('numbers that are typed', () => {
  it.each([
    ['0.485, 0.456 0.406', [0.485, 0.456, 0.406]],
    ['1/255', [1 / 255]],
    ['', null],
    ['1,x', null],
    ['1/', null],
  ])('%s', (text, values) => expect(parseNumbers(text)).toEqual(values));
  it('read back as they were', () => {
    for (const n of NORMALIZATIONS) {
      expect(parseNumbers(numbersText([n.scale]))).toEqual([n.scale]);
      expect(normalizationOf({ ...n, scale: parseNumbers(numbersText([n.scale]))![0]! })).toBe(n.id);
    }
    expect(normalizationOf({ scale: 1, mean: [1], std: [1] })).toBe('custom');
  });
});

describe('histograms', () => {
  it('are outlined by the logarithm of their counts', () => {
    expect(histogramPath([0, 0], 10, 10)).toBe('');
    expect(histogramPath([9, 0], 10, 10)).toBe('M0 10V0H5V10H10V10Z');
  });
  it('keep their counts when bins are joined', () => {
    const { counts, top } = barsFor(
      Float64Array.from({ length: 1000 }, () => 2),
      0.5,
    );
    expect(counts.reduce((a, b) => a + b)).toBe(2000);
    expect(counts.length).toBeLessThanOrEqual(256);
    expect(top).toBe(500);
  });
  it('have a threshold that keys move within its range', () => {
    expect(movedByKey('ArrowLeft', 1, 2)).toBeCloseTo(0.99);
    expect(movedByKey('End', 1, 2)).toBe(2);
    expect(movedByKey('PageUp', 1.99, 2)).toBe(2);
    expect(movedByKey('Home', 1, 2)).toBeGreaterThan(0);
    expect(movedByKey('a', 1, 2)).toBeNull();
  });
});

describe('axes of the plans', () => {
  it('write grid lines in full', () => {
    expect([1, 1.25, 1.5].map(tickText([1, 1.25, 1.5]))).toEqual(['1.00', '1.25', '1.50']);
    expect(tickText([90, 95])(90)).toBe('90');
  });
  it('leave room, also around a single value', () => {
    expect(around([5, 5], 0.1, 1)).toEqual([4, 6]);
    expect(around([0, 10], 0.1, 0)).toEqual([-1, 11]);
  });
});
