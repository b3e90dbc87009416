import type { BuildResult, DimensionRanges, TuningChoice } from '../../electron/ipc/schemas/build.ts';
import type { JobSnapshot } from '../../electron/ipc/schemas/common.ts';
import type { Given, GraphPoint, GraphView, ModelSummary } from '../../electron/ipc/schemas/graph.ts';
import type { Machine } from '../../electron/ipc/schemas/machine.ts';
import type { PluginList } from '../../electron/ipc/schemas/plugins.ts';
import type { ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import type { TraceSummary } from '../../electron/ipc/schemas/trace.ts';
import type { RecentFile } from '../../electron/ipc/shell.ts';

import type { PrecisionChoices, PrecisionState } from './precision.ts';

export const STEPS = ['start', 'model', 'passes', 'precision', 'build', 'profile', 'export'] as const;
export type Step = (typeof STEPS)[number];
export type OverlayId = 'none' | 'time' | 'memory' | 'flops' | 'bytes' | 'sqnr' | 'precision';

/** The user's decisions: kept in the project, undone and redone. */
export interface Choices {
  readonly passes: readonly string[];
  readonly applications: readonly string[];
  readonly device: string;
  readonly threads: number;
  readonly shapes: Readonly<Record<string, number>>;
  /** Optimization profiles of the engine; none = fixed at `shapes`, which else are the best sizes of the first. */
  readonly profiles: readonly DimensionRanges[];
  /** The optimization profile that the Profile step runs. */
  readonly optimizationProfile: number;
  readonly iterations: number;
  readonly precision: PrecisionChoices;
  readonly tuning: TuningChoice;
}

export interface Notice {
  readonly id: number;
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
  /** A command that helps, shown as a button. */
  readonly command?: string;
}
export interface LogLine {
  readonly id: number;
  readonly at: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

/** Inputs whose shapes a file does not say, and how to go on once they are known. */
export interface Question {
  readonly path: string;
  readonly inputs: readonly string[];
  readonly given: Given;
  readonly choices?: Partial<Choices>;
}

export interface StudioState {
  readonly connection: 'connecting' | 'ready' | 'lost';
  readonly machine: Machine | null;
  /** Folders that the user has GPU libraries looked for in. */
  readonly libraryFolders: readonly string[];
  /** Registered plugins; null until the panel has asked. */
  readonly plugins: PluginList | null;
  readonly addingPlugin: boolean;
  readonly recent: readonly RecentFile[];
  readonly samples: readonly RecentFile[];
  readonly step: Step;
  readonly model: ModelSummary | null;
  /** Path being opened; null when none is. */
  readonly opening: string | null;
  /** What the user gave beside the open model's file. */
  readonly given: Given;
  /** A file that is not opened until the user says the shapes of these inputs. */
  readonly question: Question | null;
  readonly optimizing: boolean;
  readonly trace: TraceSummary | null;
  /** Graphs by point key ("3.0"), of the current revision. */
  readonly views: Readonly<Record<string, GraphView>>;
  readonly expanded: ReadonlySet<string>;
  /** Which pass the Passes step shows, and which of its applications (null = the whole pass). */
  readonly cursor: { readonly pass: number; readonly application: number | null };
  readonly choices: Choices;
  readonly past: readonly Choices[];
  readonly future: readonly Choices[];
  readonly build: BuildResult | null;
  /** What the engine was built with (buildKeyOf); a result of other choices is stale. */
  readonly buildKey: string;
  readonly building: string | null;
  readonly precision: PrecisionState;
  /** The profile that is shown. */
  readonly profile: ProfileResult | null;
  /** Every profile at hand: measured in this session or opened from files. */
  readonly profiles: readonly ProfileResult[];
  /** Those that stand side by side, by id. */
  readonly compared: readonly string[];
  /** Graphs of the layers of profiled engines, by profile. */
  readonly layerGraphs: Readonly<Record<string, GraphView>>;
  /** Whether the Profile step draws the engine's layers where it could draw the model's operators. */
  readonly showLayers: boolean;
  readonly profiling: string | null;
  readonly jobs: readonly JobSnapshot[];
  readonly log: readonly LogLine[];
  readonly notices: readonly Notice[];
  readonly selection: ReadonlySet<string>;
  /** The node whose details are shown; follows the selection. */
  readonly focus: string | null;
  readonly hover: ReadonlySet<string>;
  readonly overlay: OverlayId;
  readonly paletteOpen: boolean;
  readonly drawerOpen: boolean;
  readonly project: { readonly path: string | null; readonly dirty: boolean };
}

export const pointKey = (p: GraphPoint): string => `${p.passes}.${p.applications}`;
export const INITIAL: GraphPoint = { passes: 0, applications: 0 };
export const finalPoint = (trace: TraceSummary | null): GraphPoint => ({
  passes: trace?.passes.length ?? 0,
  applications: 0,
});
/** True when the shown profile is of the open model: its times may then be shown on the model's own operators. */
export const profileFits = (s: StudioState): boolean =>
  s.profile !== null && s.model !== null && s.model.hash === s.profile.engine.modelHash;
/** The profile whose numbers the graph on the canvas can be coloured by; null when it is another model's. */
export const profileOnGraph = (s: StudioState): ProfileResult | null =>
  profileFits(s) || (s.step === 'profile' && drawsLayers(s)) ? s.profile : null;
/** True when the graph of the Profile step is the engine's own: chosen, or the shown profile is of another model. */
export const drawsLayers = (s: StudioState): boolean =>
  s.profile !== null && (s.showLayers || s.trace === null || !profileFits(s));
/** Everything about precision that a build depends on. */
export function precisionKey(s: Pick<StudioState, 'choices' | 'precision'>): string {
  const { kind, fastFp32, pins } = s.choices.precision;
  if (kind === 'fp32' && Object.keys(pins).length === 0) return JSON.stringify([kind, fastFp32]);
  return JSON.stringify([kind, fastFp32, rangesKey(s), Object.entries(pins).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
/** The ranges as they are decided now: which calibration, algorithm, moved thresholds. */
export function rangesKey(s: Pick<StudioState, 'choices' | 'precision'>): string {
  const { algorithm, thresholds } = s.choices.precision;
  return JSON.stringify([s.precision.calibration?.calibration ?? null, algorithm, thresholds]);
}

/** Everything besides the passes that a build depends on: device, sizes, precision, kernels. */
export const buildKeyOf = (s: Pick<StudioState, 'choices' | 'precision'>): string =>
  JSON.stringify([
    s.choices.device,
    s.choices.threads,
    Object.entries(s.choices.shapes).sort(),
    precisionKey(s),
    s.choices.tuning.level,
    Object.entries(s.choices.tuning.pin).sort(),
    s.choices.tuning.forbid,
    s.choices.tuning.auxStreams,
    s.choices.tuning.libraries,
    s.choices.tuning.timings,
    s.choices.tuning.deterministic,
    s.choices.profiles,
  ]);

/** True when a build or profile was made from an older optimization, or for another device or with other choices, than is chosen now. */
export const isStale = (s: StudioState): boolean =>
  s.build !== null && s.trace !== null && (s.build.revision !== s.trace.revision || s.buildKey !== buildKeyOf(s));
