import { Loader } from '@mantine/core';
import type { ReactNode } from 'react';
import { CommandButton } from './CommandButton.tsx';

/** Says what is missing: one sentence, one button. */
export function Empty({
  text,
  command,
  label,
  children,
}: {
  text: string;
  command?: string;
  label?: string;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <p>{text}</p>
      {command !== undefined && <CommandButton command={command} primary {...(label === undefined ? {} : { label })} />}
      {children}
    </div>
  );
}

export function Loading({ text }: { text: string }) {
  return (
    <div className="empty" role="status">
      <Loader size={20} />
      <p>{text}</p>
    </div>
  );
}

/** A labelled figure. */
export function Stat({ label, value, title }: { label: string; value: ReactNode; title?: string }) {
  return (
    <div className="stat" title={title}>
      <div className="stat-value">{value}</div>
      <div className="stat-label">{label}</div>
    </div>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <h3>
        {title}
        <span className="spacer" />
        {aside}
      </h3>
      {children}
    </section>
  );
}
