import { host } from '../../../host/connection.ts';
import { busy } from '../../idle.ts';
import { rangesKey, type StudioState } from '../../state.ts';
import { useStudio } from '../../store.ts';
import { loadPreview, loadTest } from './data.ts';
import { refreshRanges } from './ranges.ts';
import { setResults } from './results.ts';

const QUIET_MS = 250;

const samplesKey = (s: StudioState): string =>
  s.step === 'precision'
    ? JSON.stringify([
        s.model?.model,
        s.trace?.revision,
        s.choices.precision.data,
        s.choices.precision.test,
        s.choices.shapes,
      ])
    : '';

/** Keeps what the Precision step shows in step with the choices: samples, ranges, what is on offer. */
export function watchPrecision(): void {
  let samples = '';
  let ranges = '';
  let latest = 0;
  useStudio.subscribe((s, before) => {
    if (s.connection === 'ready' && before.connection !== 'ready') {
      busy(host().precisions({})).then(setResults, () => undefined);
    }
    const nextSamples = samplesKey(s);
    if (nextSamples !== '' && nextSamples !== samples) {
      samples = nextSamples;
      const mine = ++latest;
      // Typing a number is many changes: the last one counts.
      const quiet = new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));
      void busy(quiet.then(() => (mine === latest ? Promise.all([loadPreview(), loadTest()]) : undefined)));
    }
    const nextRanges = `${rangesKey(s)} ${s.trace?.revision}`;
    if (nextRanges !== ranges) {
      ranges = nextRanges;
      if (s.precision.calibration !== null) void refreshRanges();
    }
  });
}
