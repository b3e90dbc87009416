import type { DockviewApi } from 'dockview-react';
import { PANELS } from '../panels/registry.ts';
import { get, set } from '../store/store.ts';

/** The dock that is on the screen; the steps of the rail have one each. */
let current: DockviewApi | null = null;
let wanted: string | null = null;

/** Brings a panel to the front, in the step where it lives. */
export function showPanel(id: string): void {
  const steps = PANELS.find((p) => p.id === id)?.steps ?? [];
  const [first] = steps;
  if (first === undefined) return;
  if (steps.includes(get().step)) {
    current?.getPanel(id)?.api.setActive();
    return;
  }
  wanted = id;
  set({ step: first });
}

/** Called by a dock when its panels are in place. */
export function dockReady(api: DockviewApi): void {
  current = api;
  if (wanted !== null) api.getPanel(wanted)?.api.setActive();
  wanted = null;
}
