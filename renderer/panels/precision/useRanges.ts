import { useMemo } from 'react';
import type { TensorRange } from '../../../electron/ipc/schemas/precision.ts';
import { useStudio } from '../../store/store.ts';

const NONE: readonly TensorRange[] = [];
const NO_NAMES: readonly string[] = [];

/** The tensors and their ranges: live ones while a calibration runs, else those of the last one. */
export function useRanges(): { names: readonly string[]; of: ReadonlyMap<string, TensorRange> } {
  const running = useStudio((s) => s.precision.calibrating !== null);
  const live = useStudio((s) => s.precision.live);
  const calibration = useStudio((s) => s.precision.calibration);
  const ranges = running ? (live?.ranges ?? NONE) : (calibration?.tensors ?? NONE);
  const of = useMemo(() => new Map(ranges.map((r) => [r.tensor, r])), [ranges]);
  const names = useMemo(
    () => (running ? (live?.tensors ?? NO_NAMES) : (calibration?.tensors.map((t) => t.tensor) ?? NO_NAMES)),
    [running, live, calibration],
  );
  return { names, of };
}
