import { useMemo } from 'react';
import type { Category } from '../../../electron/ipc/schemas/graph.ts';
import { useStudio } from '../../store/store.ts';
import { CutName } from '../../ui/CutName.tsx';
import { Section, Stat } from '../../ui/Frame.tsx';
import { bytesText, countText, flopsText, middleCut } from '../../ui/format.ts';
import { CATEGORY } from '../../ui/tokens.ts';

function Tensors({ title, tensors }: { title: string; tensors: readonly { name: string; type: string }[] }) {
  return (
    <Section title={title}>
      <ul className="tensors">
        {tensors.map((t) => (
          <li key={t.name}>
            <span className="tensor-name" title={t.name}>
              {middleCut(t.name, 30)}
            </span>{' '}
            <span className="tensor-type mono">{t.type}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The model as a whole: size, inputs and outputs, what it is made of. */
export function ModelCard() {
  const model = useStudio((s) => s.model);
  const view = useStudio((s) => s.views['0.0'] ?? null);
  const kinds = useMemo(() => {
    const ops = new Map<string, { count: number; category: Category }>();
    for (const n of view?.nodes ?? []) {
      if (n.kind !== 'op') continue;
      const o = ops.get(n.op);
      if (o) o.count++;
      else ops.set(n.op, { count: 1, category: n.category });
    }
    return [...ops].sort((a, b) => b[1].count - a[1].count);
  }, [view]);
  const flops = useMemo(() => view?.nodes.reduce((n, x) => n + x.flops, 0) ?? 0, [view]);
  if (!model) return null;
  const most = kinds[0]?.[1].count ?? 1;
  return (
    <div className="inspector">
      <h2 title={model.path}>
        <CutName text={model.name} />
      </h2>
      <p className="muted">{model.format}</p>
      <div className="stats">
        <Stat label="Operators" value={countText(model.operators)} />
        <Stat label="Weights" value={bytesText(model.weightBytes)} />
        <Stat label="Operations" value={flopsText(flops)} title="Floating-point operations of one run" />
      </div>
      <Tensors title="Inputs" tensors={model.inputs} />
      <Tensors title="Outputs" tensors={model.outputs} />
      <Section title="Made of">
        <ul className="kinds">
          {kinds.map(([op, k]) => (
            <li key={op}>
              <span className="legend-chip" data-category={k.category}>
                {CATEGORY[k.category].glyph}
              </span>
              <span className="kind-op">{op}</span>
              <span className="kind-bar">
                <i data-category={k.category} style={{ width: `${(100 * k.count) / most}%` }} />
              </span>
              <b>{countText(k.count)}</b>
            </li>
          ))}
        </ul>
      </Section>
    </div>
  );
}
