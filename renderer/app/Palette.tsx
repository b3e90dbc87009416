import { Kbd, Modal, TextInput } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ViewNode } from '../../electron/ipc/schemas/graph.ts';
import { allCommands, type Command } from '../commands/command.ts';
import { keysText } from '../commands/keys.ts';
import { selectNode } from '../store/actions/select.ts';
import { get, set, useStudio } from '../store/store.ts';

interface Entry {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly run: () => void | Promise<void>;
}
const LIMIT = 40;

/** Every letter of the query in order; lower is better, null when it does not match. */
export function score(query: string, text: string): number | null {
  const q = query.toLowerCase();
  const t = text.toLowerCase();
  const at = t.indexOf(q);
  if (at >= 0) return at === 0 ? 0 : 1 + at / 1000;
  let i = 0;
  for (const c of t) if (c === q[i]) i++;
  return i === q.length ? 10 + t.length / 1000 : null;
}

const ofCommand = (c: Command): Entry => ({ id: c.id, title: c.title, detail: keysText(c.keys), run: c.run });
const ofNode = (n: ViewNode): Entry => ({
  id: n.id,
  title: n.name || n.op,
  detail: n.op,
  run: () => {
    if (get().step === 'start') set({ step: 'model' });
    selectNode(n);
  },
});

function entries(query: string): Entry[] {
  const state = get();
  const commands = allCommands()
    .filter((c) => c.when(state) && c.id !== 'view.palette')
    .map(ofCommand);
  const nodes = query.length < 2 ? [] : (state.views['0.0']?.nodes ?? []).filter((n) => n.kind === 'op').map(ofNode);
  return [...commands, ...nodes]
    .map((e) => ({ e, s: query === '' ? 0 : score(query, `${e.title} ${e.detail}`) }))
    .filter((x): x is { e: Entry; s: number } => x.s !== null)
    .sort((a, b) => a.s - b.s)
    .slice(0, LIMIT)
    .map((x) => x.e);
}

/** Reaches every command, and every operator by name. */
export function Palette() {
  const open = useStudio((s) => s.paletteOpen);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => (open ? entries(query.trim()) : []), [open, query]);
  const close = (): void => set({ paletteOpen: false });
  useEffect(() => {
    if (open) setQuery('');
    setAt(0);
  }, [open]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });
  const pick = (e: Entry | undefined): void => {
    if (!e) return;
    close();
    void e.run();
  };
  return (
    <Modal
      opened={open}
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      transitionProps={{ duration: 80 }}
    >
      <TextInput
        data-autofocus
        variant="unstyled"
        size="md"
        px={14}
        py={6}
        placeholder="Type a command or an operator's name"
        aria-label="Command palette"
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        value={query}
        onChange={(e) => {
          setQuery(e.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1));
          else if (e.key === 'ArrowUp') setAt(Math.max(0, at - 1));
          else if (e.key === 'Enter') pick(found[at]);
          else return;
          e.preventDefault();
        }}
      />
      <div className="palette-list" id="palette-list" role="listbox" aria-label="Matches" ref={list}>
        {found.length === 0 && <div className="palette-none">Nothing matches “{query}”.</div>}
        {found.map((e, i) => (
          <div
            key={e.id}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            className="palette-row"
            onMouseMove={() => setAt(i)}
            onClick={() => pick(e)}
            onKeyDown={() => undefined}
          >
            <span>{e.title}</span>
            {e.detail !== '' && <Kbd size="xs">{e.detail}</Kbd>}
          </div>
        ))}
      </div>
    </Modal>
  );
}
