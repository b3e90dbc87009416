import { Button, Loader } from '@mantine/core';
import { IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import { isStale, profileFits } from '../store/state.ts';
import { set, useStudio } from '../store/store.ts';
import { CommandButton } from '../ui/CommandButton.tsx';
import { plural, timeText } from '../ui/format.ts';

function Headline() {
  const headline = useStudio((s) => s.trace?.headline ?? null);
  const profile = useStudio((s) => s.profile);
  const busy = useStudio((s) => s.optimizing || s.opening !== null);
  if (busy && !headline) return <span className="muted">Reading the model and running the passes…</span>;
  if (!headline && profile) {
    return (
      <span className="muted">
        Profile of {profile.engine.modelName || profile.engine.name}: {plural(profile.sources.length, 'operator')} in{' '}
        {plural(profile.layers.length, 'layer')} on {profile.device.name}
      </span>
    );
  }
  if (!headline) return <span className="muted">No model is open.</span>;
  return (
    <button type="button" className="headline" onClick={() => set({ step: 'passes' })} data-testid="headline">
      <span>
        <b>{plural(headline.operators, 'operator')}</b> → <b>{plural(headline.layers, 'layer')}</b>
        <span className="muted">, {plural(headline.refused, 'fusion')} refused</span>
      </span>
      {busy && <Loader size={12} ml={8} />}
    </button>
  );
}

/** What the model became, and the one thing to do next. */
export function Header() {
  const name = useStudio((s) => s.model?.name ?? s.profile?.title ?? '');
  const stale = useStudio(isStale);
  const median = useStudio((s) => (s.model === null || profileFits(s) ? (s.profile?.latency.median ?? null) : null));
  const layers = useStudio((s) => s.profile?.layers.length ?? 0);
  const hasModel = useStudio((s) => s.model !== null || s.profile === null);
  const opening = useStudio((s) => s.opening !== null);
  return (
    <header className="header">
      <div className="header-name" title={name}>
        {opening ? <Loader size={14} /> : null} {name}
      </div>
      <Headline />
      <div className="spacer" />
      {median !== null && !stale && (
        <span className="header-figure" title="Median latency of the shown profile">
          <b>{timeText(median)}</b> <span className="muted">median, {plural(layers, 'layer')}</span>
        </span>
      )}
      {stale ? (
        <>
          <span className="stale-note">The engine is older than your choices</span>
          <CommandButton command="run.all" icon={<IconRefresh size={14} />} label="Rebuild" primary />
        </>
      ) : (
        hasModel && <CommandButton command="run.all" icon={<IconPlayerPlay size={14} />} primary />
      )}
      <Button variant="default" onClick={() => set({ paletteOpen: true })} aria-label="Command palette">
        Ctrl K
      </Button>
    </header>
  );
}
