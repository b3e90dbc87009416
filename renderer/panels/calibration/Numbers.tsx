import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { numbersText, parseNumbers } from '../../ui/numbers.ts';

interface Props {
  readonly label: string;
  readonly values: readonly number[];
  readonly onChange: (values: number[]) => void;
  /** Sizes: whole numbers over 0, and none at all is allowed. */
  readonly whole?: boolean;
  readonly placeholder?: string;
}

/** A list of numbers, typed; what cannot be read is said and changes nothing. */
export function Numbers({ label, values, onChange, whole = false, placeholder }: Props) {
  const shown = numbersText(values);
  const [draft, setDraft] = useState<string | null>(null);
  const read = (text: string): number[] | null => {
    if (whole && text.trim() === '') return [];
    const parsed = parseNumbers(text.replaceAll(/[x×]/g, whole ? ',' : '×'));
    return parsed && (!whole || parsed.every((n) => Number.isInteger(n) && n > 0)) ? parsed : null;
  };
  const bad = draft !== null && read(draft) === null;
  return (
    <TextInput
      label={label}
      size="xs"
      {...(placeholder === undefined ? {} : { placeholder })}
      value={draft ?? shown}
      error={bad ? (whole ? 'Sizes, separated by commas' : 'Numbers, separated by commas') : undefined}
      onChange={(e) => {
        const text = e.currentTarget.value;
        setDraft(text);
        const parsed = read(text);
        if (parsed) onChange(parsed);
      }}
      onBlur={() => setDraft(null)}
    />
  );
}
