import type { RangesChoice } from '../../../../electron/ipc/schemas/precision.ts';
import { host } from '../../../host/connection.ts';
import { shell } from '../../../host/shell.ts';
import { busy } from '../../idle.ts';
import { quantizedKind } from '../../precision.ts';
import { rangesKey } from '../../state.ts';
import { get } from '../../store.ts';
import { newJob } from '../jobs.ts';
import { notify, sentence, wasCancelled } from '../notify.ts';
import { choosePrecision, setResults } from './results.ts';

/** The ranges as they are decided now, as the host wants them; null while there is no calibration. */
export function currentRanges(): RangesChoice | null {
  const { precision, choices } = get();
  const { calibration } = precision;
  if (!calibration) return null;
  const { algorithm, thresholds } = choices.precision;
  return {
    calibration: calibration.calibration,
    algorithm: algorithm === calibration.made ? null : algorithm,
    thresholds: { ...thresholds },
  };
}

/** Asks for the ranges again after the algorithm, a threshold or the passes changed. */
export async function refreshRanges(): Promise<void> {
  const { model } = get();
  const ranges = currentRanges();
  if (!model || !ranges) return;
  const key = rangesKey(get());
  try {
    const calibration = await busy(host().calibration({ model: model.model, ranges }));
    if (rangesKey(get()) === key && get().model?.model === model.model) setResults({ calibration });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e));
  }
}

export const showTensor = (tensor: string | null): void => setResults({ tensor });

/** Moves a tensor's threshold; steps in quick succession are undone together. */
export function setThreshold(tensor: string, amax: number): void {
  const { thresholds } = get().choices.precision;
  choosePrecision({ thresholds: { ...thresholds, [tensor]: amax } }, `threshold ${tensor}`);
}
export function resetThreshold(tensor: string): void {
  const { [tensor]: _gone, ...thresholds } = get().choices.precision.thresholds;
  choosePrecision({ thresholds });
}

/** Reads a calibration cache, ours or TensorRT's; `quiet` when a project does. */
export async function openCalibration(path: string, quiet = false): Promise<boolean> {
  const { model } = get();
  if (!model) return false;
  try {
    const calibration = await busy(host().openCalibration({ model: model.model, path }));
    setResults({ calibration, calibrationKey: '', tensor: calibration.tensors[0]?.tensor ?? null });
    if (quiet) {
      void refreshRanges();
      return true;
    }
    const { algorithm } = get().choices.precision;
    const known = get().precision.algorithms.some((a) => a.name === calibration.made);
    choosePrecision({
      kind: quantizedKind(get().choices),
      thresholds: {},
      algorithm: known ? calibration.made : algorithm,
    });
    const { tensors, missing } = calibration;
    notify(
      missing.length > 0 ? 'warning' : 'info',
      missing.length > 0
        ? `Read ranges for ${tensors.length} tensors; ${missing.length} others have none and stay in FP32.`
        : `Read ranges for ${tensors.length} tensors.`,
    );
    return true;
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'precision.import');
    return false;
  }
}
export async function importCalibration(): Promise<void> {
  const path = await shell().pickInput('calibration');
  if (path !== null) await openCalibration(path);
}

export async function exportCalibration(format: 'sinter' | 'tensorrt'): Promise<void> {
  const ranges = currentRanges();
  const { model } = get();
  if (!ranges || !model) return notify('warning', 'There are no ranges yet; calibrate first.', 'step.precision');
  const key = rangesKey(get());
  const stem = model.name.replace(/\.[^.]+$/, '');
  const path = await shell().pickSave(
    format === 'sinter'
      ? { title: 'Export calibration cache', name: `${stem}.calib`, extension: 'calib', kind: 'Calibration cache' }
      : {
          title: 'Export TensorRT calibration cache',
          name: `${stem}.cache`,
          extension: 'cache',
          kind: 'TensorRT calibration cache',
        },
  );
  if (path === null) return;
  try {
    const { tensors } = await busy(host().exportCalibration({ ranges, format, path }));
    if (format === 'sinter') setResults({ exported: { path, key } });
    notify('info', `Wrote ${path} (ranges of ${tensors} tensors).`);
  } catch (e) {
    notify('error', sentence(e), format === 'sinter' ? 'export.calibration' : 'export.tensorrt');
  }
}

/** Writes the optimized graph quantized, for other runtimes: int8 for TensorRT, uint8 for ONNX Runtime. */
export async function exportQdq(activations: 'int8' | 'uint8'): Promise<void> {
  const ranges = currentRanges();
  const { model } = get();
  if (!ranges || !model) return notify('warning', 'There are no ranges yet; calibrate first.', 'step.precision');
  const name = `${model.name.replace(/\.[^.]+$/, '')}.qdq.onnx`;
  const path = await shell().pickSave({ title: 'Export quantized ONNX', name, extension: 'onnx', kind: 'ONNX model' });
  if (path === null) return;
  try {
    const pins = { ...get().choices.precision.pins };
    const params = { model: model.model, ranges, pins, activations, path, job: newJob('export') };
    const { bytes, quantized } = await busy(host().exportQdq(params));
    notify('info', `Wrote ${path} (${(bytes / 1e6).toFixed(1)} MB, ${quantized} quantized tensors).`);
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), activations === 'int8' ? 'export.qdq' : 'export.qdqUint8');
  }
}
