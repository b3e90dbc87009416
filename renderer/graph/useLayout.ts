import { useEffect, useState } from 'react';
import type { GraphView } from '../../electron/ipc/schemas/graph.ts';
import { busy } from '../store/idle.ts';
import { layoutScene, type SceneLayout } from './layout/layout.ts';
import { makeScene, type Scene } from './scene.ts';

export interface LaidOut {
  readonly scene: Scene;
  readonly layout: SceneLayout;
  readonly view: GraphView;
}

/** Scene and positions of a view; keeps the last ones while new ones are computed. */
export function useLayout(view: GraphView | null, expanded: ReadonlySet<string>): LaidOut | null {
  const [done, setDone] = useState<LaidOut | null>(null);
  useEffect(() => {
    if (!view) {
      setDone(null);
      return;
    }
    let current = true;
    const scene = makeScene(view, expanded);
    void busy(layoutScene(scene)).then((layout) => {
      if (current) setDone({ scene, layout, view });
    });
    return () => {
      current = false;
    };
  }, [view, expanded]);
  return done;
}
