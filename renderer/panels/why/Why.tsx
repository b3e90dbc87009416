import { useMemo, useState } from 'react';
import type { Refusal } from '../../../electron/ipc/schemas/trace.ts';
import { showApplication } from '../../store/actions/cursor.ts';
import { hover, select } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { Empty, Section } from '../../ui/Frame.tsx';
import { plural } from '../../ui/format.ts';
import { byReason, storyOf } from './why.ts';

const FIRST = 6;

function Places({ refusals }: { refusals: readonly Refusal[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? refusals : refusals.slice(0, FIRST);
  return (
    <ul className="places">
      {shown.map((r) => (
        <li key={r.node}>
          <button
            type="button"
            className="link"
            onClick={() => select(r.sources, r.node)}
            onMouseEnter={() => hover(r.sources)}
            onMouseLeave={() => hover([])}
          >
            {r.op || 'operator'} #{r.sources[0]}
            {r.sources.length > 1 ? ` and ${r.sources.length - 1} more` : ''}
          </button>
        </li>
      ))}
      {!all && refusals.length > FIRST && (
        <li>
          <button type="button" className="link" onClick={() => setAll(true)}>
            {plural(refusals.length - FIRST, 'more place')}
          </button>
        </li>
      )}
    </ul>
  );
}

function Reasons({ refusals }: { refusals: readonly Refusal[] }) {
  return byReason(refusals).map((g) => (
    <div key={g.key} className="reason">
      <b>{g.title}</b> <span className="muted">{plural(g.refusals.length, 'place')}</span>
      <p>{g.text}</p>
      <Places refusals={g.refusals} />
    </div>
  ));
}

function OfSelection() {
  const trace = useStudio((s) => s.trace)!;
  const selection = useStudio((s) => s.selection);
  const story = useMemo(() => storyOf(trace, selection), [trace, selection]);
  return (
    <>
      <Section title="Why was this not fused?">
        {story.refused.length === 0 ? (
          <p className="muted">
            No rule that looked at this operator was refused
            {story.made.length === 0 ? ', and none applied: no pattern of any pass matches here' : ''}.
          </p>
        ) : (
          story.refused.map((r, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same rule may be refused twice at one place.
            <div key={i} className="reason">
              <b>{r.refusal.ruleTitle}</b> <span className="muted">{r.title}</span>
              <p>{r.refusal.text}</p>
            </div>
          ))
        )}
      </Section>
      <Section title="What was done with it">
        {story.made.length === 0 ? (
          <p className="muted">Nothing: it runs as it is.</p>
        ) : (
          <ol className="story">
            {story.made.map((m) => (
              <li key={m.application.key}>
                <button type="button" className="link" onClick={() => showApplication(m.pass, m.index)}>
                  {m.application.ruleTitle}
                </button>
                <p className="muted">{m.application.note || m.title}</p>
              </li>
            ))}
          </ol>
        )}
      </Section>
    </>
  );
}

function OfPass() {
  const pass = useStudio((s) => s.trace?.passes[s.cursor.pass]);
  if (!pass) return null;
  return (
    <>
      <Section title={pass.title}>
        <p>{pass.doc}</p>
        <p className="muted">Every application lowers: {pass.measure}.</p>
      </Section>
      <Section title={`Refused (${pass.refusals.length})`}>
        {pass.refusals.length === 0 ? (
          <p className="muted">Nothing was refused here.</p>
        ) : (
          <Reasons refusals={pass.refusals} />
        )}
      </Section>
    </>
  );
}

/** Reasons: of the selected operator, else of the chosen pass. */
export default function Why() {
  const has = useStudio((s) => s.trace !== null);
  const selected = useStudio((s) => s.selection.size > 0);
  if (!has) return <Empty text="Reasons appear once the passes have run." />;
  return <div className="inspector">{selected ? <OfSelection /> : <OfPass />}</div>;
}
