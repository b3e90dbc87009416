import { Button } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import type { RecentFile } from '../../../electron/ipc/shell.ts';
import { findCommand } from '../../commands/command.ts';
import { openPath } from '../../store/actions/project.ts';
import { useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';
import { bytesText, middleCut } from '../../ui/format.ts';
import { MachineCard } from './Machine.tsx';

function Files({ files, label, showPath }: { files: readonly RecentFile[]; label: string; showPath: boolean }) {
  const opening = useStudio((s) => s.opening);
  return (
    <ul className="files" aria-label={label}>
      {files.map((f) => (
        <li key={f.path}>
          <button type="button" title={f.path} disabled={opening !== null} onClick={() => void openPath(f.path)}>
            <b>{f.name}</b>
            {showPath && <span className="muted files-path">{middleCut(f.path.slice(0, -f.name.length - 1), 60)}</span>}
            <span className="muted files-size">{bytesText(f.bytes)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Where a session begins: a model to drop, recent ones, samples, and what this machine can do. */
export default function Start() {
  const recent = useStudio((s) => s.recent);
  const samples = useStudio((s) => s.samples);
  const opening = useStudio((s) => s.opening !== null);
  return (
    <div className="start">
      <div className="start-main">
        <h1>Sinter Studio</h1>
        <p className="lead">
          See what is in a trained network, what the optimizer does to it and why, and leave with an engine for this
          machine.
        </p>
        <div className="drop-zone">
          <IconFileUpload size={40} stroke={1.2} />
          <p>Drop an ONNX, Caffe or TensorFlow model here, or anywhere on this window at any time</p>
          <Button size="sm" loading={opening} onClick={() => void findCommand('file.open')?.run()}>
            Open model…
          </Button>
        </div>
        {recent.length > 0 && (
          <Section title="Recent">
            <Files files={recent.slice(0, 6)} label="Recent files" showPath />
          </Section>
        )}
      </div>
      <div className="start-side">
        <MachineCard />
        {samples.length > 0 && (
          <Section title="Samples">
            <Files files={samples} label="Sample models" showPath={false} />
          </Section>
        )}
      </div>
    </div>
  );
}
