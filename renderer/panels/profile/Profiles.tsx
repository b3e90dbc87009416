import { Checkbox, CloseButton } from '@mantine/core';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { precisionText, wherePhrase } from '../../profile/summary.ts';
import { closeProfile, showProfile, toggleCompared } from '../../store/actions/profiles.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';
import { timeText } from '../../ui/format.ts';

function Row({ profile: p }: { profile: ProfileResult }) {
  const shown = useStudio((s) => s.profile?.id === p.id);
  const beside = useStudio((s) => s.compared.includes(p.id));
  return (
    <li className="profile-row" data-shown={shown}>
      <Checkbox
        size="xs"
        checked={beside}
        aria-label={`Put ${p.title} side by side`}
        title="Side by side"
        onChange={() => toggleCompared(p.id)}
      />
      <button type="button" aria-pressed={shown} title={p.path ?? p.engine.modelName} onClick={() => showProfile(p.id)}>
        <b>{p.title}</b>
        <span className="profile-time">{timeText(p.latency.median)}</span>
        <span className="muted">
          {precisionText(p)} · {wherePhrase(p)}
        </span>
      </button>
      <CloseButton size="xs" aria-label={`Close ${p.title}`} onClick={() => closeProfile(p.id)} />
    </li>
  );
}

/** Every profile at hand: which one is shown, which stand side by side. */
export function Profiles() {
  const profiles = useStudio((s) => s.profiles);
  return (
    <Section title="Profiles" aside={<CommandButton command="file.openProfile" label="Open…" />}>
      <ul aria-label="Profiles">
        {profiles.map((p) => (
          <Row key={p.id} profile={p} />
        ))}
      </ul>
    </Section>
  );
}
