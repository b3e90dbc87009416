import type { DataChoice, ImageSettings } from '../../../../electron/ipc/schemas/precision.ts';
import type { InputKind } from '../../../../electron/ipc/shell.ts';
import { host } from '../../../host/connection.ts';
import { shell } from '../../../host/shell.ts';
import { busy } from '../../idle.ts';
import { DEFAULT_IMAGE, newData, type PrecisionChoices, testChoice } from '../../precision.ts';
import { get } from '../../store.ts';
import { sentence } from '../notify.ts';
import { choosePrecision, setResults } from './results.ts';

/** Pictures shown at once. */
export const SHOWN = 6;

/** Takes other samples; preprocessing and batch stay as they are. */
export function chooseData(path: string): void {
  const { data } = get().choices.precision;
  const channels = grey() && !data ? ({ ...DEFAULT_IMAGE, channels: 'gray' } as const) : DEFAULT_IMAGE;
  setResults({ shown: 0, dataProblem: null });
  choosePrecision({ data: data ? { ...data, path, labels: null } : { ...newData(path), image: channels } });
}

/** Whether the model's first input has a single channel. */
function grey(): boolean {
  const dims = get().model?.inputs[0]?.type.split(' ').at(-1)?.split('×') ?? [];
  return dims.length === 4 && (dims[1] === '1' || dims[3] === '1');
}

export async function pickData(kind: Extract<InputKind, 'dataFolder' | 'dataFile'>): Promise<void> {
  const path = await shell().pickInput(kind);
  if (path !== null) chooseData(path);
}
/** Labels of the samples that accuracy is measured on. */
export async function pickLabels(): Promise<void> {
  const path = await shell().pickInput('labels');
  if (path === null) return;
  const { test } = get().choices.precision;
  if (test) changeTest({ ...test, labels: path });
  else changeData({ labels: path });
}

/** Measures accuracy on other samples than those of the calibration; null = on these. */
export function changeTest(test: PrecisionChoices['test']): void {
  choosePrecision({ test });
}
export async function pickTest(kind: Extract<InputKind, 'dataFolder' | 'dataFile'>): Promise<void> {
  const path = await shell().pickInput(kind);
  if (path !== null) changeTest({ path, labels: null, samples: null });
}

export function changeData(change: Partial<DataChoice>): void {
  const { data } = get().choices.precision;
  if (data) choosePrecision({ data: { ...data, ...change } });
}
export function changeImage(change: Partial<ImageSettings>): void {
  const { data } = get().choices.precision;
  if (data) changeData({ image: { ...data.image, ...change } });
}

let wanted = 0;
/** Reads a few of the chosen samples, as the network will see them. */
export async function loadPreview(): Promise<void> {
  const mine = ++wanted;
  const { model, trace, choices, precision } = get();
  const { data } = choices.precision;
  if (!model || !trace || !data) {
    setResults({ data: null, dataProblem: null, reading: false });
    return;
  }
  setResults({ reading: true });
  const indices = Array.from({ length: SHOWN }, (_, i) => precision.shown + i);
  try {
    const summary = await busy(host().data({ model: model.model, data, shapes: { ...choices.shapes }, indices }));
    if (mine === wanted) setResults({ data: summary, dataProblem: null, reading: false });
  } catch (e) {
    if (mine === wanted) setResults({ data: null, dataProblem: sentence(e), reading: false });
  }
}

let wantedTest = 0;
/** Looks at the samples that accuracy is measured on, where they are others. */
export async function loadTest(): Promise<void> {
  const mine = ++wantedTest;
  const { model, trace, choices } = get();
  const data = choices.precision.test ? testChoice(choices.precision) : null;
  if (!model || !trace || !data) {
    setResults({ test: null, testProblem: null });
    return;
  }
  try {
    const test = await busy(host().data({ model: model.model, data, shapes: { ...choices.shapes }, indices: [] }));
    if (mine === wantedTest) setResults({ test, testProblem: null });
  } catch (e) {
    if (mine === wantedTest) setResults({ test: null, testProblem: sentence(e) });
  }
}

/** Other samples of the same data. */
export function showSamples(by: 1 | -1): void {
  const { shown, data } = get().precision;
  const next = Math.max(0, Math.min(shown + by * SHOWN, Math.max(0, (data?.length ?? 1) - 1)));
  setResults({ shown: next });
  void loadPreview();
}
