import type { PanelDefinition } from './panel.ts';

const modules = import.meta.glob<{ default: PanelDefinition }>('./*/panel.ts', { eager: true });

/** Every panel folder registers itself by being there. */
export const PANELS: readonly PanelDefinition[] = Object.values(modules)
  .map((m) => m.default)
  .sort((a, b) => a.order - b.order);
export const panelsOf = (step: string): PanelDefinition[] =>
  PANELS.filter((p) => (p.steps as readonly string[]).includes(step));
