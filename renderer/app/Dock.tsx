import { useComputedColorScheme } from '@mantine/core';
import { type DockviewApi, DockviewReact, type IDockviewPanelProps, themeDark, themeLight } from 'dockview-react';
import { lazy, Suspense } from 'react';
import type { PanelDefinition } from '../panels/panel.ts';
import { PANELS, panelsOf } from '../panels/registry.ts';
import { busy } from '../store/idle.ts';
import type { Step } from '../store/state.ts';
import { dockReady } from './dockApi.ts';

const LAYOUT_VERSION = 3;
const layoutKey = (step: Step): string => `dock/${LAYOUT_VERSION}/${step}`;

const VIEWS = Object.fromEntries(PANELS.map((p) => [p.id, { title: p.title, View: lazy(() => busy(p.load())) }]));

function DockedPanel({ api }: IDockviewPanelProps) {
  const panel = VIEWS[api.id];
  if (!panel) return null;
  return (
    <section className="panel" aria-label={panel.title} data-panel={api.id}>
      <Suspense>
        <panel.View />
      </Suspense>
    </section>
  );
}
const components = Object.fromEntries(PANELS.map((p) => [p.id, DockedPanel]));

/** A narrow window leaves the middle most of its room. */
const fitted = (size: number): number => Math.min(size, Math.max(190, Math.round(window.innerWidth * 0.23)));

function addDefaults(api: DockviewApi, step: Step): void {
  const panels = panelsOf(step);
  const firstOf = (place: string): PanelDefinition | undefined => panels.find((p) => p.place === place);
  const center = firstOf('center');
  // The centre first: the others are placed beside it.
  const order = ['center', 'left', 'right', 'below'];
  for (const p of panels.toSorted((a, b) => order.indexOf(a.place) - order.indexOf(b.place) || a.order - b.order)) {
    const first = firstOf(p.place);
    const beside = first !== undefined && first !== p;
    api.addPanel({
      id: p.id,
      component: p.id,
      title: p.title,
      inactive: beside,
      ...(beside
        ? { position: { referencePanel: first.id } }
        : p.place !== 'center' && center
          ? { position: { referencePanel: center.id, direction: p.place as 'left' | 'right' | 'below' } }
          : {}),
      ...(p.size === undefined || beside
        ? {}
        : p.place === 'below'
          ? { initialHeight: p.size }
          : { initialWidth: fitted(p.size) }),
    });
  }
}

function restore(api: DockviewApi, step: Step): boolean {
  const saved = localStorage.getItem(layoutKey(step));
  if (saved === null) return false;
  try {
    api.fromJSON(JSON.parse(saved));
    const there = new Set(api.panels.map((p) => p.id));
    if (panelsOf(step).every((p) => there.has(p.id))) return true;
  } catch {
    // An older arrangement that no longer fits: the default one replaces it.
  }
  api.clear();
  return false;
}

/** The panels of a step, docked as the user left them. */
export function Dock({ step }: { step: Step }) {
  const scheme = useComputedColorScheme('light');
  return (
    <DockviewReact
      components={components}
      theme={scheme === 'dark' ? themeDark : themeLight}
      defaultRenderer="onlyWhenVisible"
      disableFloatingGroups
      getTabContextMenuItems={() => []}
      onReady={({ api }) => {
        if (!restore(api, step)) addDefaults(api, step);
        dockReady(api);
        api.onDidLayoutChange(() => localStorage.setItem(layoutKey(step), JSON.stringify(api.toJSON())));
      }}
    />
  );
}
