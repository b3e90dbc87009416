import { host } from '../../../host/connection.ts';
import { busy } from '../../idle.ts';
import { calibrationJob, dataKey, quantizedKind } from '../../precision.ts';
import { get } from '../../store.ts';
import { threadsOf } from '../engine.ts';
import { cancelJob, newJob } from '../jobs.ts';
import { notify, sentence, wasCancelled } from '../notify.ts';
import { loadPreview } from './data.ts';
import { choosePrecision, setResults } from './results.ts';

/** Between questions for the live histograms. */
const LIVE_MS = 250;
/** Tensors that the list shows now: only these are asked for. */
let visible: readonly string[] = [];
export function watchTensors(names: readonly string[]): void {
  visible = names.slice(0, 64);
}

async function follow(run: string): Promise<void> {
  while (get().precision.calibrating === run) {
    try {
      const live = await host().liveCalibration({ run, tensors: [...visible] });
      const before = get().precision.live;
      // What scrolled out of sight keeps its last picture.
      const seen = new Map(before?.ranges.map((r) => [r.tensor, r]));
      for (const r of live.ranges) seen.set(r.tensor, r);
      if (get().precision.calibrating === run) setResults({ live: { ...live, ranges: [...seen.values()] } });
    } catch {
      // Not yet there, or no longer.
    }
    await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
  }
}

/** Runs the chosen samples through the network and finds the ranges; resumes where a run of the same samples ended. */
export async function startCalibration(resume: boolean): Promise<void> {
  const { model, trace, choices } = get();
  const { data, algorithm } = choices.precision;
  if (!model || !trace || get().precision.calibrating !== null) return;
  if (!data)
    return notify(
      'warning',
      'Choose sample data first: calibration looks at what goes through the network.',
      'precision.dataFolder',
    );
  const job = newJob('calibrate');
  const key = dataKey(get());
  setResults({ calibrating: job, stopping: false, live: null });
  void follow(job);
  try {
    const { device, shapes } = choices;
    const params = {
      model: model.model,
      data,
      shapes: { ...shapes },
      device,
      threads: threadsOf(),
      algorithm,
      resume,
      job,
    };
    const calibration = await busy(host().calibrate(params));
    const seen = calibration.samples > 0;
    if (seen) {
      setResults({
        calibration,
        calibrationKey: key,
        tensor: get().precision.tensor ?? calibration.tensors[0]?.tensor ?? null,
      });
      const { kind, thresholds } = get().choices.precision;
      if (kind === 'fp32' || Object.keys(thresholds).length > 0)
        choosePrecision({ kind: quantizedKind(get().choices), thresholds: {} });
    }
    if (calibration.status === 'cancelled')
      notify(
        'info',
        seen
          ? `Stopped after ${calibration.next} of ${calibration.total} samples; the ranges seen so far are kept.`
          : 'Stopped before the first sample was seen.',
        'precision.resume',
      );
    else if (calibration.warnings.length > 0) notify('warning', calibration.warnings[0]!, 'step.precision');
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'precision.dataFolder');
  } finally {
    // After the host was lost the next run may be on its way already.
    if (get().precision.calibrating === job) setResults({ calibrating: null, stopping: false, live: null });
    void loadPreview();
  }
}

export async function pauseCalibration(): Promise<void> {
  const job = calibrationJob(get());
  if (job) await host().pause({ job: job.job, paused: !job.paused });
}
export async function cancelCalibration(): Promise<void> {
  const { calibrating } = get().precision;
  if (calibrating === null) return;
  setResults({ stopping: true });
  await cancelJob(calibrating);
}
