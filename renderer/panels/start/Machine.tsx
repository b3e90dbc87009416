import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCheck, IconCpu, IconFolderX, IconMinus } from '@tabler/icons-react';
import type { Machine as Found } from '../../../electron/ipc/schemas/machine.ts';
import { removeLibraryFolder } from '../../store/actions/settings.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';
import { bytesText, middleCut, plural, sentenceText } from '../../ui/format.ts';

function Device({ device: d, memory }: { device: Found['devices'][number]; memory: number }) {
  return (
    <div className="device">
      <IconCpu size={22} stroke={1.5} />
      <div>
        <b>{d.name}</b>
        <p className="muted">
          {d.kind === 'cpu'
            ? `${plural(d.cores, 'core')}, ${bytesText(memory)} memory`
            : `${d.id}, ${plural(d.cores, 'multiprocessor')}`}
        </p>
        <p>
          {d.features.map((f) => (
            <span key={f} className="tag">
              {f}
            </span>
          ))}
        </p>
      </div>
    </div>
  );
}

/** A library: where it is, or what its absence costs and where it was looked for. */
function Library({ library: l }: { library: Found['libraries'][number] }) {
  const found = l.path !== '' && l.problem === '';
  return (
    <li data-found={found}>
      {found ? <IconCheck size={15} aria-label="found" /> : <IconMinus size={15} aria-label="missing" />}
      <div>
        <b>{l.name}</b> {l.version !== '' && <span className="tag">{l.version}</span>}
        {l.path !== '' && (
          <p className="muted mono" title={l.path}>
            {middleCut(l.path, 44)}
          </p>
        )}
        {l.problem !== '' && <p>{sentenceText(l.problem)}.</p>}
        {l.path === '' && (
          <details>
            <summary>Where it was looked for</summary>
            <ul className="searched mono">
              {l.searched.map((place) => (
                <li key={place}>{place}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </li>
  );
}

/** Folders that the user has added to those that libraries are looked for in. */
function Folders() {
  const folders = useStudio((s) => s.libraryFolders);
  return (
    <>
      {folders.length > 0 && (
        <ul className="library-folders" aria-label="Your folders of GPU libraries">
          {folders.map((f) => (
            <li key={f}>
              <span className="mono" title={f}>
                {middleCut(f, 42)}
              </span>
              <Tooltip label="Look there no more">
                <ActionIcon size="sm" aria-label={`Remove ${f}`} onClick={() => void removeLibraryFolder(f)}>
                  <IconFolderX size={14} />
                </ActionIcon>
              </Tooltip>
            </li>
          ))}
        </ul>
      )}
      <CommandButton command="machine.addFolder" />
    </>
  );
}

/** What this machine offers, and what it lacks. */
export function MachineCard() {
  const machine = useStudio((s) => s.machine);
  const lost = useStudio((s) => s.connection === 'lost');
  if (!machine)
    return (
      <Section title="This machine">
        <p className="muted">{lost ? 'The engine host is not running.' : 'Looking…'}</p>
      </Section>
    );
  // What a library's absence costs is said with the library.
  const told = new Set(machine.libraries.map((l) => l.problem));
  const missing = machine.missing.filter((m) => !told.has(m));
  return (
    <Section title="This machine">
      {machine.devices.map((d) => (
        <Device key={d.id} device={d} memory={machine.memoryBytes} />
      ))}
      {missing.length > 0 && (
        <ul className="missing">
          {missing.map((m) => (
            <li key={m}>{sentenceText(m)}</li>
          ))}
        </ul>
      )}
      {machine.libraries.length > 0 && (
        <>
          <h4>Libraries for GPUs</h4>
          <ul className="libraries" aria-label="Libraries for GPUs">
            {machine.libraries.map((l) => (
              <Library key={l.name} library={l} />
            ))}
          </ul>
          <Folders />
        </>
      )}
      {machine.runtime && <p className="muted runtime-version">Sinter runtime {machine.runtime}</p>}
    </Section>
  );
}
