import { NumberInput } from '@mantine/core';
import { changeTest } from '../../store/actions/precision/data.ts';
import { isLabelled } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';

/** The samples that layers, plans and engines are measured on: those of the calibration, unless others are chosen. */
export function TestSamples() {
  const test = useStudio((s) => s.choices.precision.test);
  const summary = useStudio((s) => (s.choices.precision.test ? s.precision.test : s.precision.data));
  const problem = useStudio((s) => s.precision.testProblem);
  const labelled = useStudio(isLabelled);
  return (
    <Section
      title="Measured on"
      aside={
        <span className="tag" data-good={labelled}>
          {labelled ? 'labelled' : 'no labels'}
        </span>
      }
    >
      {problem !== null ? (
        <p className="problem" role="alert">
          {problem}
        </p>
      ) : (
        <p className="muted test-text" data-testid="test-summary">
          {test === null ? 'The samples of the calibration' : 'Other samples'}
          {summary ? `: ${summary.description}` : ''}
        </p>
      )}
      {test && (
        <NumberInput
          mb={8}
          label="Use for measuring"
          placeholder="all"
          size="xs"
          min={1}
          allowDecimal={false}
          value={test.samples ?? ''}
          onChange={(v) => changeTest({ ...test, samples: typeof v === 'number' && v >= 1 ? Math.round(v) : null })}
        />
      )}
      <div className="data-pick">
        <CommandButton command="precision.testFolder" label="Folder…" />
        <CommandButton command="precision.testFile" label="File…" />
        <CommandButton command="precision.labels" label="Labels…" />
        {test && (
          <button type="button" className="link" onClick={() => changeTest(null)}>
            Same as calibration
          </button>
        )}
      </div>
    </Section>
  );
}
