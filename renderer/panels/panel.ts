import type { ComponentType } from 'react';
import type { Step } from '../store/state.ts';

export type Place = 'left' | 'center' | 'right' | 'below' | 'drawer';

/** A panel of the studio: where it stands by default, in which steps, and the view to load when it is shown. */
export interface PanelDefinition {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
  readonly place: Place;
  /** Order among panels of the same place; the first is in front. */
  readonly order: number;
  /** Initial width (left, right) or height (below) in pixels. */
  readonly size?: number;
  readonly load: () => Promise<{ default: ComponentType }>;
}
export const definePanel = (d: PanelDefinition): PanelDefinition => d;
