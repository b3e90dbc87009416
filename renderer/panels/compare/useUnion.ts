import { useEffect, useState } from 'react';
import { type Union, unionLayout } from '../../graph/union.ts';
import { comparedPoints } from '../../store/actions/cursor.ts';
import { loadView } from '../../store/actions/views.ts';
import { busy } from '../../store/idle.ts';
import { useStudio } from '../../store/store.ts';

/** Many nodes: only what one application touched, with what is around it. */
const NARROW_ABOVE = 60;

export interface Compared {
  readonly key: string;
  readonly union: Union;
  /** Nodes of the chosen application; empty for a whole pass. */
  readonly focus: ReadonlySet<string>;
}
const nothing: ReadonlySet<string> = new Set();

/** The comparison that the cursor asks for; the last one stays until the next is laid out. */
export function useUnion(): Compared | null {
  const trace = useStudio((s) => s.trace);
  const cursor = useStudio((s) => s.cursor);
  const [done, setDone] = useState<Compared | null>(null);
  useEffect(() => {
    const points = comparedPoints({ trace, cursor });
    if (!trace || !points) {
      setDone(null);
      return;
    }
    let current = true;
    const application =
      cursor.application === null ? null : trace.passes[cursor.pass]?.applications[cursor.application];
    const focus = application ? new Set([...application.removed, ...application.added]) : nothing;
    void busy(
      Promise.all([loadView(points.before), loadView(points.after)]).then(async ([before, after]) => {
        if (!before || !after || !current) return;
        const narrow = focus.size > 0 && before.nodes.length > NARROW_ABOVE;
        const union = await unionLayout(before, after, narrow ? focus : null);
        if (current) setDone({ key: `${trace.revision}/${cursor.pass}/${cursor.application}`, union, focus });
      }),
    );
    return () => {
      current = false;
    };
  }, [trace, cursor]);
  return done;
}
