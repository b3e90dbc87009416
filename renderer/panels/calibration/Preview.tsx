import { ActionIcon, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { SampleView } from '../../../electron/ipc/schemas/precision.ts';
import { findCommand } from '../../commands/command.ts';
import { useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';
import { middleCut, numberText } from '../../ui/format.ts';

function Picture({ image }: { image: NonNullable<SampleView['image']> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    context?.putImageData(new ImageData(image.pixels, image.width, image.height), 0, 0);
  }, [image]);
  return <canvas ref={canvas} width={image.width} height={image.height} className="sample-picture" />;
}

function Sample({ sample }: { sample: SampleView }) {
  const name = sample.id.split('/').at(-1) ?? sample.id;
  return (
    <li className="sample" data-bad={sample.problem !== null} title={sample.problem ?? sample.id}>
      <div className="sample-box">
        {sample.image ? <Picture image={sample.image} /> : null}
        {sample.problem !== null && <IconAlertTriangle size={20} className="sample-bad" aria-label="left out" />}
        {!sample.image && sample.problem === null && <span className="muted">numbers</span>}
        {sample.label !== null && (
          <span className="sample-label" title={`Label ${sample.label}`}>
            {sample.label}
          </span>
        )}
      </div>
      <span className="sample-name muted">{middleCut(name, 13)}</span>
    </li>
  );
}

/** Least and largest number over the samples shown, per channel or input. */
function Values({ samples }: { samples: readonly SampleView[] }) {
  const ranges = new Map<string, { min: number; max: number }>();
  for (const v of samples.flatMap((s) => s.values)) {
    const r = ranges.get(v.name);
    ranges.set(v.name, { min: Math.min(v.min, r?.min ?? v.min), max: Math.max(v.max, r?.max ?? v.max) });
  }
  return (
    <dl className="sample-values mono" aria-label="Range of the numbers that are fed">
      {[...ranges].slice(0, 6).map(([name, r]) => (
        <div key={name}>
          <dt>{middleCut(name, 18)}</dt>
          <dd>
            {numberText(r.min)} … {numberText(r.max)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Turn({ command, label }: { command: string; label: string }) {
  const c = findCommand(command);
  const enabled = useStudio((s) => c?.when(s) ?? false);
  const Icon = command.endsWith('Back') ? IconChevronLeft : IconChevronRight;
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" aria-label={label} disabled={!enabled} onClick={() => void c?.run()}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

/** Samples as the network will see them: after resizing and normalization. */
export function Preview() {
  const data = useStudio((s) => s.precision.data);
  if (!data) return null;
  const bad = data.samples.filter((s) => s.problem !== null);
  return (
    <Section
      title="What the network sees"
      aside={
        <>
          <Turn command="precision.samplesBack" label="Previous samples" />
          <Turn command="precision.samplesForward" label="More samples" />
        </>
      }
    >
      <ul className="samples" aria-label="Samples">
        {data.samples.map((s) => (
          <Sample key={s.index} sample={s} />
        ))}
      </ul>
      <Values samples={data.samples} />
      {bad.map((s) => (
        <p key={s.index} className="problem">
          {s.problem}
        </p>
      ))}
    </Section>
  );
}
