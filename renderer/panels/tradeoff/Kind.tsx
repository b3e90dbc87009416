import { SegmentedControl } from '@mantine/core';
import type { BuildKind } from '../../../electron/ipc/schemas/precision.ts';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { KIND_TITLE } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { DeviceChoice } from '../../ui/DeviceChoice.tsx';
import { Section } from '../../ui/Frame.tsx';
import { plural } from '../../ui/format.ts';

const NOTE: Readonly<Record<BuildKind, string>> = {
  fp32: 'Everything as the model has it.',
  fp16: 'FP16 wherever a kernel is faster with it.',
  bf16: 'BF16 wherever a kernel is faster with it.',
  int8: 'INT8 wherever a range allows it and a kernel is faster with it.',
  'int8+fp16': 'INT8 where a range allows it, FP16 elsewhere, wherever a kernel is faster with it.',
};

/** What the next build stores numbers in. */
export function Kind() {
  const kind = useStudio((s) => s.choices.precision.kind);
  const kinds = useStudio((s) => s.precision.kinds);
  const has = useStudio((s) => s.precision.calibration !== null);
  const pins = useStudio((s) => Object.keys(s.choices.precision.pins).length);
  return (
    <Section title="Build in">
      <DeviceChoice />
      <SegmentedControl
        mt={8}
        size="xs"
        fullWidth
        aria-label="Precision of the build"
        value={kind}
        onChange={(v) => choosePrecision({ kind: v as BuildKind })}
        data={kinds.map((k) => ({ value: k, label: KIND_TITLE[k], disabled: k.startsWith('int8') && !has }))}
      />
      <p className="muted kind-note">
        {NOTE[kind]}
        {pins > 0 ? ` ${plural(pins, 'operator is', 'operators are')} pinned.` : ''}
        {kind === 'fp32' && !has ? ' INT8 needs ranges: calibrate first.' : ''}
      </p>
    </Section>
  );
}
