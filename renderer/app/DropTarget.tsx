import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { shell } from '../host/shell.ts';
import { notify } from '../store/actions/notify.ts';
import { openDropped } from '../store/actions/project.ts';
import { useStudio } from '../store/store.ts';

const hasFiles = (e: DragEvent): boolean => e.dataTransfer.types.includes('Files');

/** The whole window takes dropped files. */
export function DropTarget({ children }: { children: ReactNode }) {
  const [over, setOver] = useState(false);
  const precision = useStudio((s) => s.step === 'precision' && s.trace !== null);
  const depth = useRef(0);
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    depth.current = 0;
    setOver(false);
    const files = [...e.dataTransfer.files];
    const paths = files.map((f) => shell().pathOf(f));
    const strange = files[paths.indexOf('')];
    if (files.length === 0) return;
    if (strange)
      notify('error', `${strange.name} is not a file on this computer; save it first and drop it again.`, 'file.open');
    else void openDropped(paths);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a pointer gesture; "Open model" is its equal for keyboards.
    <div
      className="drop-target"
      onDragEnter={(e) => {
        if (!hasFiles(e)) return;
        depth.current++;
        setOver(true);
      }}
      onDragLeave={() => {
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(false);
      }}
      onDragOver={(e) => {
        if (hasFiles(e)) e.preventDefault();
      }}
      onDrop={drop}
    >
      {children}
      {over && (
        <div className="drop-veil" role="status">
          {precision ? 'Drop samples, a calibration cache or a model' : 'Drop to open'}
        </div>
      )}
    </div>
  );
}
