import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '@mantine/core/styles.css';
import '@xyflow/react/dist/base.css';
import 'dockview-react/dist/styles/dockview.css';
import 'uplot/dist/uPlot.min.css';
import './ui/base.css';
import './app/shell.css';
import './app/dock.css';
import './ui/table.css';
import './panels/lists.css';
import './panels/start/start.css';
import './panels/passes/passes.css';
import './panels/export/export.css';
import './panels/profile/profile.css';
import './graph/graph.css';
import './commands/core.ts';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { listenForKeys } from './commands/keys.ts';
import { shareCommandsWithMenu } from './commands/menu.ts';
import { boot, keepSession } from './store/actions/connect.ts';
import { watchPrecision } from './store/actions/precision/watch.ts';
import { useStudio } from './store/store.ts';
import { theme, variables } from './ui/theme.ts';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <App />
    </MantineProvider>
  </StrictMode>,
);
listenForKeys();
shareCommandsWithMenu();
watchPrecision();
void boot();

let saving: ReturnType<typeof setTimeout> | null = null;
useStudio.subscribe((now, before) => {
  if (
    now.model === before.model &&
    now.choices === before.choices &&
    now.step === before.step &&
    now.precision.calibration === before.precision.calibration
  )
    return;
  if (saving) clearTimeout(saving);
  saving = setTimeout(keepSession, 300);
});
