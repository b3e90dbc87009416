import type { ProfileDocument, ProfileLayer } from '../document.ts';
import { percentText, plural, timeText } from './text.ts';

/** Some of an engine's layers and what they take. */
export interface LayerShare {
  readonly title: string;
  readonly layers: number;
  /** Sum of their medians, nanoseconds. */
  readonly time: number;
  /** Of the sum of all layers. */
  readonly share: number;
}

const LIBRARY_NAMES: Readonly<Record<string, string>> = { cublaslt: 'cuBLASLt', cudnn: 'cuDNN', cpu: '' };

/** "cuBLASLt 13.1.0" of a tactic that a library runs; '' where our own kernels do. */
function libraryOf({ tactic }: Pick<ProfileLayer, 'tactic'>): string {
  const [library = '', version, kernel] = tactic.split(':');
  const name = LIBRARY_NAMES[library] ?? library;
  return kernel === undefined || name === '' ? '' : `${name} ${version}`;
}

function sharesBy(p: Pick<ProfileDocument, 'layers'>, titleOf: (l: ProfileLayer) => string): LayerShare[] {
  const all = p.layers.reduce((n, l) => n + l.median, 0);
  const found = new Map<string, { layers: number; time: number }>();
  for (const l of p.layers) {
    const title = titleOf(l);
    if (title === '') continue;
    const sum = found.get(title) ?? { layers: 0, time: 0 };
    found.set(title, { layers: sum.layers + 1, time: sum.time + l.median });
  }
  return [...found].map(([title, { layers, time }]) => ({ title, layers, time, share: all > 0 ? time / all : 0 }));
}

/** What each library runs; nothing where all kernels are ours. */
export const libraryShares = (p: Pick<ProfileDocument, 'layers'>): LayerShare[] => sharesBy(p, libraryOf);

/** What each stream runs, the main one first; nothing where there is one. */
export function streamShares(p: Pick<ProfileDocument, 'layers'>): LayerShare[] {
  const shares = sharesBy(p, (l) => (l.stream === 0 ? 'main stream' : `stream ${l.stream}`));
  return shares.length < 2 ? [] : shares.sort((a, b) => a.title.localeCompare(b.title, 'en', { numeric: true }));
}

/** What each stream runs, then what each library does. */
export const layerShares = (p: Pick<ProfileDocument, 'layers'>): LayerShare[] => [
  ...streamShares(p),
  ...libraryShares(p),
];

/** "12 layers, 41.2 µs, 23 % of the layers' time". */
export const layerShareText = ({ layers, time, share }: LayerShare): string =>
  `${plural(layers, 'layer')}, ${timeText(time)}, ${percentText(share)} of the layers' time`;
