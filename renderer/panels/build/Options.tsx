import { Checkbox, Group, NumberInput, Select, Switch } from '@mantine/core';
import { IconHammer } from '@tabler/icons-react';
import type { LibrarySource } from '../../../electron/ipc/schemas/build.ts';
import type { BuildKind } from '../../../electron/ipc/schemas/precision.ts';
import { choose } from '../../store/actions/choices.ts';
import { threadsOf } from '../../store/actions/engine.ts';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { chooseTimings, chooseTuning } from '../../store/actions/tuning.ts';
import { KIND_TITLE } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { DeviceChoice } from '../../ui/DeviceChoice.tsx';
import { Section } from '../../ui/Frame.tsx';
import { Dimensions } from './Dimensions.tsx';

/** Threads that layers run on: on a CPU alone. */
function Threads() {
  const choices = useStudio((s) => s.choices);
  const device = useStudio((s) => s.machine?.devices.find((d) => d.id === s.choices.device));
  if (device?.kind !== 'cpu') return null;
  return (
    <NumberInput
      label="Threads"
      description={`${device.cores} cores on this device`}
      size="xs"
      min={1}
      max={Math.max(device.cores, 1)}
      value={choices.threads > 0 ? choices.threads : threadsOf()}
      onChange={(v) => typeof v === 'number' && v >= 1 && choose({ threads: Math.round(v) })}
    />
  );
}

function Precision() {
  const { kind, fastFp32 } = useStudio((s) => s.choices.precision);
  const kinds = useStudio((s) => s.precision.kinds);
  const hasRanges = useStudio((s) => s.precision.calibration !== null);
  const gpu = useStudio((s) => s.choices.device !== 'cpu');
  return (
    <>
      <Select
        label="Precision"
        description={hasRanges ? 'Ranges, pins and plans are in the Precision step' : 'INT8 needs ranges: see the Precision step'}
        size="xs"
        allowDeselect={false}
        data={kinds.map((k) => ({ value: k, label: KIND_TITLE[k], disabled: k.startsWith('int8') && !hasRanges }))}
        value={kind}
        onChange={(k) => k !== null && choosePrecision({ kind: k as BuildKind })}
      />
      <Switch
        label={gpu ? 'Fast FP32 (TF32)' : 'Fast FP32'}
        description={
          gpu
            ? 'FP32 products may use TF32: 11 bits of each factor'
            : 'On AMX processors FP32 products may be sums of three BF16 ones'
        }
        size="xs"
        checked={fastFp32}
        onChange={(e) => choosePrecision({ fastFp32: e.currentTarget.checked })}
      />
    </>
  );
}

const LEVELS = [
  'none, estimates decide',
  'one kernel a format',
  'two kernels a format',
  'three kernels a format',
  'six, more samples',
  'all of them',
];

/** How much is timed, and what has been pinned or forbidden by hand. */
function Tuning() {
  const { level, pin, forbid } = useStudio((s) => s.choices.tuning);
  const pinned = Object.keys(pin).length;
  return (
    <>
      <Select
        label="Auto-tuning"
        description="Kernels are timed here; a timing is kept and used again"
        size="xs"
        allowDeselect={false}
        data={LEVELS.map((title, i) => ({ value: String(i), label: `${i} · ${title}` }))}
        value={String(level)}
        onChange={(v) => v !== null && chooseTuning({ level: Number(v) })}
      />
      {pinned + forbid.length > 0 && (
        <p className="muted">
          {[pinned > 0 ? `${pinned} pinned` : '', forbid.length > 0 ? `${forbid.length} forbidden` : '']
            .filter((t) => t !== '')
            .join(', ')}{' '}
          by hand. <CommandButton command="build.freeTactics" label="Free all" />
        </p>
      )}
    </>
  );
}

const KEEP = 'file';

/** Where timings come from and are kept, and whether anything may be timed at all. */
function Timings() {
  const { level, timings, deterministic } = useStudio((s) => s.choices.tuning);
  if (level === 0) return null;
  const file = typeof timings === 'string' ? null : timings.file;
  const data = [
    { value: 'shared', label: 'yours, shared with the command line' },
    { value: 'none', label: 'none: everything is timed anew' },
    ...(file === null ? [] : [{ value: KEEP, label: file.split(/[\\/]/).at(-1)! }]),
    { value: 'existing', label: 'another file…' },
    { value: 'new', label: 'a new file…' },
  ];
  return (
    <>
      <Select
        label="Timing cache"
        description={file ?? 'The same cache gives the same engine, byte for byte'}
        title={file ?? undefined}
        size="xs"
        allowDeselect={false}
        data={data}
        value={file === null ? (timings as string) : KEEP}
        onChange={(v) => {
          if (v === 'shared' || v === 'none') chooseTuning({ timings: v });
          else if (v === 'existing' || v === 'new') void chooseTimings(v);
        }}
      />
      <Switch
        label="Never time (deterministic)"
        description="What the timing cache does not know is estimated"
        size="xs"
        checked={deterministic}
        onChange={(e) => chooseTuning({ deterministic: e.currentTarget.checked })}
      />
    </>
  );
}

const STREAMS = [
  { value: '', label: 'as measuring finds faster' },
  { value: '0', label: 'none' },
  ...['1', '2', '3', '5', '7'].map((n) => ({ value: n, label: `${n} at most` })),
];

/** Whether independent branches may run beside each other on a GPU. */
function Streams() {
  const gpu = useStudio((s) => s.choices.device !== 'cpu');
  const auxStreams = useStudio((s) => s.choices.tuning.auxStreams);
  if (!gpu) return null;
  return (
    <Select
      label="Auxiliary streams"
      description="Branches beside each other, where both ways are timed"
      size="xs"
      allowDeselect={false}
      data={STREAMS}
      value={auxStreams === null ? '' : String(auxStreams)}
      onChange={(v) => v !== null && chooseTuning({ auxStreams: v === '' ? null : Number(v) })}
    />
  );
}

const LIBRARIES: readonly { readonly source: LibrarySource; readonly name: string }[] = [
  { source: 'cublaslt', name: 'cuBLASLt' },
  { source: 'cudnn', name: 'cuDNN' },
];

/** Libraries of NVIDIA's whose kernels may be chosen too: those that are here, or were chosen elsewhere. */
function Libraries() {
  const gpu = useStudio((s) => s.choices.device !== 'cpu');
  const found = useStudio((s) => s.machine?.libraries);
  const chosen = useStudio((s) => s.choices.tuning.libraries);
  const offered = LIBRARIES.filter(
    ({ source, name }) => chosen.includes(source) || found?.some((l) => l.name === name && l.path !== ''),
  );
  if (!gpu || offered.length === 0) return null;
  return (
    <Checkbox.Group
      label="Kernels of libraries"
      description="An engine that takes one needs the library wherever it runs"
      size="xs"
      value={[...chosen]}
      onChange={(libraries) => chooseTuning({ libraries: libraries as LibrarySource[] })}
    >
      <Group gap={14} mt={6}>
        {offered.map(({ source, name }) => (
          <Checkbox key={source} size="xs" value={source} label={name} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}

/** What the next engine is built for, and how. */
export function Options() {
  return (
    <Section title="Options">
      <div className="form">
        <DeviceChoice />
        <Threads />
        <Precision />
        <Tuning />
        <Timings />
        <Streams />
        <Libraries />
        <Dimensions />
      </div>
      <CommandButton command="run.build" icon={<IconHammer size={14} />} primary />
    </Section>
  );
}
