import { create } from 'zustand';
import { NO_PRECISION, NO_RESULTS } from './precision.ts';
import type { StudioState } from './state.ts';

const defaults: StudioState = {
  connection: 'connecting',
  machine: null,
  libraryFolders: [],
  plugins: null,
  addingPlugin: false,
  recent: [],
  samples: [],
  step: 'start',
  model: null,
  opening: null,
  given: {},
  question: null,
  optimizing: false,
  trace: null,
  views: {},
  expanded: new Set(),
  cursor: { pass: 0, application: null },
  choices: {
    passes: [],
    applications: [],
    device: 'cpu',
    threads: 0,
    shapes: {},
    profiles: [],
    optimizationProfile: 0,
    iterations: 100,
    precision: NO_PRECISION,
    tuning: { level: 3, pin: {}, forbid: [], auxStreams: null, libraries: [], timings: 'shared', deterministic: false },
  },
  past: [],
  future: [],
  build: null,
  buildKey: '',
  precision: NO_RESULTS,
  building: null,
  profile: null,
  profiles: [],
  compared: [],
  layerGraphs: {},
  showLayers: false,
  profiling: null,
  jobs: [],
  log: [],
  notices: [],
  selection: new Set(),
  focus: null,
  hover: new Set(),
  overlay: 'none',
  paletteOpen: false,
  drawerOpen: false,
  project: { path: null, dirty: false },
};

/** The window's one store; components select narrowly, actions in store/actions change it. */
export const useStudio = create<StudioState>(() => defaults);
export const get = useStudio.getState;
export const set = useStudio.setState;
export const resetStudio = (): void => set(defaults, true);
