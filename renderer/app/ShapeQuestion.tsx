import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answerShapes } from '../store/actions/model.ts';
import { shapeFromText } from '../store/shapeText.ts';
import { set, useStudio } from '../store/store.ts';

const close = (): void => set({ question: null });

/** Asks for the shapes of inputs that a file leaves open entirely; with them the file is opened again. */
export function ShapeQuestion() {
  const question = useStudio((s) => s.question);
  return (
    <Modal
      opened={question !== null}
      onClose={close}
      title="What shape do the inputs have?"
      transitionProps={{ duration: 80 }}
    >
      {question && <Shapes key={question.path} inputs={question.inputs} />}
    </Modal>
  );
}

function Shapes({ inputs }: { inputs: readonly string[] }) {
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const shapes = Object.fromEntries(inputs.map((name) => [name, shapeFromText(texts[name] ?? '')]));
  const ready = inputs.every((name) => shapes[name] !== null);
  const answer = (): void => {
    if (ready) void answerShapes(shapes as Record<string, number[]>);
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        answer();
      }}
    >
      <Stack gap="sm">
        <p className="muted">The file does not say. Lengths are separated by ×, x, commas or spaces.</p>
        {inputs.map((name, i) => (
          <TextInput
            key={name}
            label={name}
            placeholder="1×224×224×3, or scalar"
            data-autofocus={i === 0 || undefined}
            value={texts[name] ?? ''}
            error={(texts[name] ?? '') !== '' && shapes[name] === null ? 'Whole numbers, or "scalar"' : null}
            onChange={(e) => {
              const { value } = e.currentTarget;
              setTexts((t) => ({ ...t, [name]: value }));
            }}
          />
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready}>
            Open
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
