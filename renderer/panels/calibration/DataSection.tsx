import { NumberInput } from '@mantine/core';
import { IconFile, IconFolder } from '@tabler/icons-react';
import { changeData } from '../../store/actions/precision/data.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';
import { middleCut } from '../../ui/format.ts';

function Labels() {
  const labels = useStudio((s) => s.choices.precision.data?.labels ?? null);
  const labelled = useStudio((s) => s.precision.data?.labelled ?? false);
  return (
    <div className="data-labels">
      <span className="tag" data-good={labelled}>
        {labelled ? 'labelled' : 'no labels'}
      </span>
      {labels === null ? (
        <CommandButton command="precision.labels" label="Labels…" />
      ) : (
        <>
          <span className="muted" title={labels}>
            {middleCut(labels.split(/[/\\]/).at(-1) ?? '', 18)}
          </span>
          <button type="button" className="link" onClick={() => changeData({ labels: null })}>
            Remove
          </button>
        </>
      )}
    </div>
  );
}

/** Where samples come from and how many are used. */
export function DataSection() {
  const data = useStudio((s) => s.choices.precision.data);
  const summary = useStudio((s) => s.precision.data);
  const problem = useStudio((s) => s.precision.dataProblem);
  const reading = useStudio((s) => s.precision.reading);
  const open = useStudio((s) => s.precision.data?.inputs.some((i) => i.type.includes(' ?')) ?? false);
  return (
    <Section title="Samples">
      <div className="data-pick">
        <CommandButton command="precision.dataFolder" label="Folder…" icon={<IconFolder size={14} />} primary={!data} />
        <CommandButton command="precision.dataFile" label="File…" icon={<IconFile size={14} />} />
      </div>
      {!data && (
        <p className="muted">
          Calibration watches real samples go through the network. Choose or drop a folder of images, .npy, .npz, .csv,
          raw or IDX files; a few hundred are enough.
        </p>
      )}
      {data && (
        <>
          <p className="data-path selectable" title={data.path}>
            {middleCut(data.path, 44)}
          </p>
          {problem !== null ? (
            <p className="problem" role="alert">
              {problem}
            </p>
          ) : (
            <p className="muted" aria-live="polite" data-testid="data-summary">
              {summary ? summary.description : reading ? 'Looking at the samples…' : ''}
            </p>
          )}
          <Labels />
          <div className="form form-row">
            <NumberInput
              label="Use"
              description="spread over the data"
              placeholder="all"
              size="xs"
              min={1}
              allowDecimal={false}
              value={data.samples ?? ''}
              onChange={(v) => changeData({ samples: typeof v === 'number' && v >= 1 ? Math.round(v) : null })}
            />
            <NumberInput
              label="Batch"
              description={open ? 'samples at once' : 'fixed by the model'}
              disabled={!open}
              size="xs"
              min={1}
              max={1024}
              allowDecimal={false}
              value={data.batch}
              onChange={(v) => typeof v === 'number' && v >= 1 && changeData({ batch: Math.round(v) })}
            />
          </div>
        </>
      )}
    </Section>
  );
}
