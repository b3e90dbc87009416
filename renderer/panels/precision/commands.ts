import { defineCommand } from '../../commands/command.ts';
import { resetThreshold, showTensor } from '../../store/actions/precision/ranges.ts';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { get } from '../../store/store.ts';

/** The next or previous tensor of the list. */
function moveTensor(by: 1 | -1): void {
  const { calibration, live, tensor } = get().precision;
  const names = live?.tensors ?? calibration?.tensors.map((t) => t.tensor) ?? [];
  const at = names.indexOf(tensor ?? '');
  const next = names[Math.max(0, Math.min(names.length - 1, at + by))];
  if (next !== undefined) showTensor(next);
}

const moved = (tensor: string | null): boolean =>
  tensor !== null && get().choices.precision.thresholds[tensor] !== undefined;

defineCommand({
  id: 'precision.tensorNext',
  title: 'Next tensor',
  menu: 'View',
  keys: 'Alt+Down',
  when: (s) => s.step === 'precision' && (s.precision.calibration !== null || s.precision.live !== null),
  run: () => moveTensor(1),
});
defineCommand({
  id: 'precision.tensorBack',
  title: 'Previous tensor',
  menu: 'View',
  keys: 'Alt+Up',
  when: (s) => s.step === 'precision' && (s.precision.calibration !== null || s.precision.live !== null),
  run: () => moveTensor(-1),
});
defineCommand({
  id: 'precision.resetThreshold',
  title: 'Put the threshold back',
  menu: 'Edit',
  when: (s) => moved(s.precision.tensor),
  run: () => {
    const { tensor } = get().precision;
    if (tensor !== null) resetThreshold(tensor);
  },
});
defineCommand({
  id: 'precision.resetThresholds',
  title: 'Put all thresholds back',
  menu: 'Edit',
  when: (s) => Object.keys(s.choices.precision.thresholds).length > 0,
  run: () => choosePrecision({ thresholds: {} }),
});
