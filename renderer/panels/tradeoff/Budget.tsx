import { NumberInput, SegmentedControl } from '@mantine/core';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { isLabelled } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';

const DEFAULTS = { cosine: 0.999, top1: 0.5 } as const;

/** How much accuracy may be given up: the fastest plan that keeps it is searched for. */
export function Budget() {
  const budget = useStudio((s) => s.choices.precision.budget);
  const labelled = useStudio(isLabelled);
  const set = (measure: 'none' | 'cosine' | 'top1'): void =>
    choosePrecision({ budget: measure === 'none' ? null : { measure, value: DEFAULTS[measure] } });
  return (
    <Section title="Accuracy budget">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Measure of the budget"
        value={budget?.measure ?? 'none'}
        onChange={(v) => set(v as 'none' | 'cosine' | 'top1')}
        data={[
          { value: 'none', label: 'None' },
          { value: 'cosine', label: 'Cosine' },
          { value: 'top1', label: 'Top-1', disabled: !labelled },
        ]}
      />
      {budget && (
        <NumberInput
          mt={8}
          size="xs"
          label={budget.measure === 'top1' ? 'Points of top-1 that may be lost' : 'Least cosine to the FP32 outputs'}
          min={0}
          max={budget.measure === 'top1' ? 100 : 1}
          step={budget.measure === 'top1' ? 0.1 : 0.0005}
          decimalScale={6}
          value={budget.value}
          onChange={(v) => typeof v === 'number' && choosePrecision({ budget: { ...budget, value: v } }, 'budget')}
        />
      )}
      <p className="muted kind-note">
        {budget
          ? 'The comparison also searches for the fastest mixed plan that keeps this.'
          : labelled
            ? 'With a budget, a mixed plan that keeps it is searched for.'
            : 'With a budget, a mixed plan that keeps it is searched for. Top-1 needs labelled samples.'}
      </p>
    </Section>
  );
}
