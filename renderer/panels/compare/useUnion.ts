import { useEffect, useState } from 'react';
import { type Union, unionLayout } from '../../graph/union.ts';
import { host } from '../../host/connection.ts';
import { comparedPoints } from '../../store/actions/cursor.ts';
import { notify, sentence, wasCancelled } from '../../store/actions/notify.ts';
import { busy } from '../../store/idle.ts';
import { useStudio } from '../../store/store.ts';

/** In larger graphs an application is shown with what is around it only. */
const NARROW_ABOVE = 60;

export interface Compared {
  readonly key: string;
  readonly union: Union;
  /** Nodes of the chosen application; empty for a whole pass. */
  readonly focus: ReadonlySet<string>;
  /** Set when only some of the changes are shown. */
  readonly partial: { readonly shown: number; readonly changed: number } | null;
}
const nothing: ReadonlySet<string> = new Set();

/** The comparison that the cursor asks for; the last one stays until the next is laid out. */
export function useUnion(): Compared | null {
  const trace = useStudio((s) => s.trace);
  const model = useStudio((s) => s.model?.model ?? null);
  const cursor = useStudio((s) => s.cursor);
  const [done, setDone] = useState<Compared | null>(null);
  useEffect(() => {
    const points = comparedPoints({ trace, cursor });
    if (!trace || !points || model === null) {
      setDone(null);
      return;
    }
    let current = true;
    const application =
      cursor.application === null ? null : trace.passes[cursor.pass]?.applications[cursor.application];
    const focus = application ? new Set([...application.removed, ...application.added]) : nothing;
    const seeds = focus.size > 0 && trace.before.nodes > NARROW_ABOVE ? [...focus] : null;
    void busy(
      host()
        .compare({ model, ...points, seeds })
        .then(async (c) => {
          const union = await unionLayout(c.before, c.after, focus);
          const partial = seeds === null && c.shown < c.changed ? { shown: c.shown, changed: c.changed } : null;
          if (current)
            setDone({ key: `${trace.revision}/${cursor.pass}/${cursor.application}`, union, focus, partial });
        })
        .catch((e: unknown) => {
          if (!wasCancelled(e)) notify('error', sentence(e));
        }),
    );
    return () => {
      current = false;
    };
  }, [trace, cursor, model]);
  return done;
}
