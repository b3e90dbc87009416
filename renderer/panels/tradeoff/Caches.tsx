import { IconFileExport, IconFileImport } from '@tabler/icons-react';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';

/** Ranges from and to files: ours, and TensorRT's. */
export function Caches() {
  const has = useStudio((s) => s.precision.calibration !== null);
  return (
    <Section title="Calibration cache">
      <div className="data-pick">
        <CommandButton command="precision.import" label="Open…" icon={<IconFileImport size={14} />} />
        {has && <CommandButton command="export.calibration" label="Export…" icon={<IconFileExport size={14} />} />}
        {has && <CommandButton command="export.tensorrt" label="For TensorRT…" icon={<IconFileExport size={14} />} />}
      </div>
    </Section>
  );
}
