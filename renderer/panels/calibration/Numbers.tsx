import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { numbersText, parseNumbers } from '../../ui/numbers.ts';

interface Props {
  readonly label: string;
  readonly values: readonly number[];
  readonly onChange: (values: number[]) => void;
}

/** A list of numbers, typed; what cannot be read is said and changes nothing. */
export function Numbers({ label, values, onChange }: Props) {
  const shown = numbersText(values);
  const [draft, setDraft] = useState<string | null>(null);
  const bad = draft !== null && parseNumbers(draft) === null;
  return (
    <TextInput
      label={label}
      size="xs"
      value={draft ?? shown}
      error={bad ? 'Numbers, separated by commas' : undefined}
      onChange={(e) => {
        const text = e.currentTarget.value;
        setDraft(text);
        const parsed = parseNumbers(text);
        if (parsed) onChange(parsed);
      }}
      onBlur={() => setDraft(null)}
    />
  );
}
