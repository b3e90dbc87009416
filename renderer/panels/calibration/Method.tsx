import { Select } from '@mantine/core';
import { IconFileImport, IconPlayerPlay, IconPlayerTrackNext } from '@tabler/icons-react';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { calibrationStale } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';
import { countText } from '../../ui/format.ts';

/** The rule that ranges are chosen by. */
export function Method() {
  const algorithms = useStudio((s) => s.precision.algorithms);
  const algorithm = useStudio((s) => s.choices.precision.algorithm);
  const hasRanges = useStudio((s) => s.precision.calibration !== null);
  const fixed = useStudio((s) => s.precision.calibration?.origin === 'tensorrt');
  const known = algorithms.find((a) => a.name === algorithm);
  return (
    <Section title="How ranges are chosen">
      <Select
        aria-label="Algorithm"
        size="xs"
        allowDeselect={false}
        data={algorithms.map((a) => ({ value: a.name, label: a.title }))}
        value={algorithm}
        onChange={(v) => v !== null && choosePrecision({ algorithm: v, thresholds: {} })}
      />
      <p className="muted form-note">
        {known?.doc}
        {hasRanges && !fixed ? ' Another one needs no new run: histograms are kept.' : ''}
        {fixed ? ' The open TensorRT cache has no histograms: its ranges stay as they are.' : ''}
      </p>
    </Section>
  );
}

/** What starts, and what a run that did not end left. */
export function Foot() {
  const hasRanges = useStudio((s) => s.precision.calibration !== null);
  const hasData = useStudio((s) => s.choices.precision.data !== null);
  const checkpoint = useStudio((s) => s.precision.data?.checkpoint ?? null);
  const running = useStudio((s) => s.precision.calibrating !== null);
  const stale = useStudio(calibrationStale);
  return (
    <div className="calibration-foot">
      {stale && !running && <p className="stale-note">Samples, settings or passes changed after this calibration.</p>}
      {checkpoint && !running && (
        <p>
          {countText(checkpoint.next)} of {countText(checkpoint.total)} samples were seen by a run that did not end.
        </p>
      )}
      <div className="data-pick">
        {checkpoint && !running && (
          <CommandButton command="precision.resume" label="Go on" icon={<IconPlayerTrackNext size={14} />} primary />
        )}
        <CommandButton
          command="precision.start"
          label={hasRanges || checkpoint ? 'Calibrate again' : 'Calibrate'}
          icon={<IconPlayerPlay size={14} />}
          primary={hasData && !checkpoint && (!hasRanges || stale)}
        />
        <CommandButton command="precision.import" label="Open cache…" icon={<IconFileImport size={14} />} />
      </div>
    </div>
  );
}
