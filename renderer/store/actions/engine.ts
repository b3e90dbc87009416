import { host } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { busy } from '../idle.ts';
import { needsRanges } from '../precision.ts';
import { buildKeyOf } from '../state.ts';
import { get, set } from '../store.ts';
import { newJob } from './jobs.ts';
import { notify, sentence, wasCancelled } from './notify.ts';
import { currentRanges } from './precision/ranges.ts';
import { addProfile } from './profiles.ts';
import { tuningNow } from './tuning.ts';

/** Cores to build for: the user's number, else all of the device. */
export function threadsOf(): number {
  const { choices, machine } = get();
  return choices.threads > 0
    ? choices.threads
    : Math.max(1, machine?.devices.find((d) => d.kind === 'cpu')?.cores ?? 1);
}

/** Builds the optimized graph for the chosen device; the engine stays in the results cache until it is exported. */
export async function build(): Promise<boolean> {
  const { model, trace, choices } = get();
  if (!model || !trace || get().building !== null) return false;
  const { profiles } = choices;
  const sizes = profiles.length > 0 ? profiles : [choices.shapes];
  const open = model.symbols.filter((s) => sizes.some((p) => !p[s]));
  if (open.length > 0) {
    set({ step: 'build' });
    notify('warning', `Give dimension ${open.map((s) => `"${s}"`).join(' and ')} a size, or a range of sizes.`);
    return false;
  }
  const { kind, fastFp32, pins } = choices.precision;
  const ranges = currentRanges();
  if (needsRanges(choices.precision) && !ranges) {
    set({ step: 'precision' });
    notify('warning', 'INT8 needs ranges: calibrate on sample data, or open a calibration cache.', 'precision.start');
    return false;
  }
  const job = newJob('build');
  const buildKey = buildKeyOf(get());
  set({ building: job });
  try {
    const { device, shapes } = choices;
    const precision = { kind, ranges, pins: { ...pins } };
    const tuning = tuningNow();
    const what = { model: model.model, device, threads: threadsOf(), shapes: { ...shapes } };
    const ranged = { profiles: profiles.map((p) => ({ ...p })) };
    const result = await busy(host().build({ ...what, ...ranged, precision, fastFp32, tuning, job }));
    set({ build: result, buildKey, profile: null, overlay: get().overlay === 'time' ? 'none' : get().overlay });
    return true;
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'run.build');
    return false;
  } finally {
    set({ building: null });
  }
}

/** Runs the built engine and shows where its time goes. */
export async function profile(): Promise<boolean> {
  const { build: built, choices } = get();
  if (!built || get().profiling !== null) return false;
  const job = newJob('profile');
  set({ profiling: job });
  try {
    const iterations = choices.iterations;
    const params = {
      engine: built.engine,
      optimizationProfile: Math.min(choices.optimizationProfile, built.report.profiles.length - 1),
      threads: built.report.threads,
      warmup: Math.ceil(iterations / 10),
      iterations,
      job,
    };
    addProfile(await busy(host().profile(params)));
    return true;
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'run.profile');
    return false;
  } finally {
    set({ profiling: null });
  }
}

/** The headline's button: an engine and where its time goes, in one go. */
export async function buildAndProfile(): Promise<void> {
  set({ step: 'build' });
  if (!(await build())) return;
  set({ step: 'profile' });
  await profile();
}

const stem = (): string => (get().model?.name ?? 'model').replace(/\.[^.]+$/, '');

export async function exportEngine(): Promise<void> {
  const { build: built } = get();
  if (!built) return notify('warning', 'There is no engine yet; build one first.', 'run.build');
  const path = await shell().pickSave({
    title: 'Export engine',
    name: `${stem()}.sinter`,
    extension: 'sinter',
    kind: 'Sinter engine',
  });
  if (path === null) return;
  try {
    const { bytes } = await busy(host().exportEngine({ engine: built.engine, path }));
    notify('info', `Wrote ${path} (${(bytes / 1e6).toFixed(1)} MB).`);
  } catch (e) {
    notify('error', sentence(e), 'export.engine');
  }
}

export async function exportOnnx(): Promise<void> {
  const { model } = get();
  if (!model) return;
  const name = `${stem()}.optimized.onnx`;
  const path = await shell().pickSave({ title: 'Export optimized ONNX', name, extension: 'onnx', kind: 'ONNX model' });
  if (path === null) return;
  try {
    const { bytes } = await busy(host().exportOnnx({ model: model.model, path, job: newJob('export') }));
    notify('info', `Wrote ${path} (${(bytes / 1e6).toFixed(1)} MB).`);
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'export.onnx');
  }
}
