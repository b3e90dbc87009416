import { lazy, Suspense, useEffect } from 'react';
import { shell } from '../host/shell.ts';
import { useStudio } from '../store/store.ts';
import { Dock } from './Dock.tsx';
import { Drawer } from './Drawer.tsx';
import { DropTarget } from './DropTarget.tsx';
import { Header } from './Header.tsx';
import { Notices } from './Notices.tsx';
import { Palette } from './Palette.tsx';
import { Rail } from './Rail.tsx';
import { ShapeQuestion } from './ShapeQuestion.tsx';
import { StatusBar } from './StatusBar.tsx';

const Start = lazy(() => import('../panels/start/Start.tsx'));

function useTitle(): void {
  const name = useStudio((s) => s.model?.name ?? s.profile?.title ?? null);
  const dirty = useStudio((s) => s.project.dirty);
  useEffect(() => shell().setTitle(name === null ? 'Sinter Studio' : `${name} – Sinter Studio`, dirty), [name, dirty]);
}

export function App() {
  const step = useStudio((s) => s.step);
  const drawer = useStudio((s) => s.drawerOpen);
  useTitle();
  return (
    <DropTarget>
      <div className="app">
        <Rail />
        <div className="app-main">
          {step !== 'start' && <Header />}
          <main className="app-work" aria-label={`${step} step`}>
            {step === 'start' ? (
              <Suspense>
                <Start />
              </Suspense>
            ) : (
              <Dock key={step} step={step} />
            )}
          </main>
          {drawer && <Drawer />}
          <StatusBar />
        </div>
      </div>
      <Notices />
      <Palette />
      <ShapeQuestion />
    </DropTarget>
  );
}
