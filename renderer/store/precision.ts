import type { ReportLayer } from '../../electron/ipc/schemas/build.ts';
import type { JobSnapshot } from '../../electron/ipc/schemas/common.ts';
import type {
  Accuracy,
  Algorithm,
  Budget,
  BuildKind,
  CalibrationView,
  DataChoice,
  DataSummary,
  ImageSettings,
  LiveCalibration,
  PlanPoint,
  PlanReport,
  SensitivityReport,
  Storage,
} from '../../electron/ipc/schemas/precision.ts';
import type { StudioState } from './state.ts';

/** What the user decided about precision: undone, redone, kept in the project. */
export interface PrecisionChoices {
  readonly kind: BuildKind;
  /** Whether FP32 products may be nearly exact ones. */
  readonly fastFp32: boolean;
  readonly data: DataChoice | null;
  /** Other samples that accuracy is measured on, fed in the same way; null = those of the calibration. */
  readonly test: Pick<DataChoice, 'path' | 'labels' | 'samples'> | null;
  readonly algorithm: string;
  /** Thresholds moved by hand, by tensor. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Precision that an operator's layer must have, by source id. */
  readonly pins: Readonly<Record<string, Storage>>;
  readonly budget: Budget | null;
}

/** What was measured about precision, with the choices that it was measured under. */
export interface PrecisionState {
  readonly algorithms: readonly Algorithm[];
  readonly storages: readonly Storage[];
  readonly kinds: readonly BuildKind[];
  /** The samples chosen: looked at, being looked at, or why they cannot be. */
  readonly data: DataSummary | null;
  readonly dataProblem: string | null;
  /** The samples that accuracy is measured on, where they are others. */
  readonly test: DataSummary | null;
  readonly testProblem: string | null;
  readonly reading: boolean;
  /** First sample shown. */
  readonly shown: number;
  readonly calibrating: string | null;
  /** Asked to stop, and keeping what was seen. */
  readonly stopping: boolean;
  readonly live: LiveCalibration | null;
  readonly calibration: CalibrationView | null;
  /** Data settings and passes that it was made with; '' for caches from elsewhere. */
  readonly calibrationKey: string;
  readonly tensor: string | null;
  /** Where these ranges were exported to, and which ones they were. */
  readonly exported: { readonly path: string; readonly key: string } | null;
  readonly sensitivity: SensitivityReport | null;
  readonly sensitivityKey: string;
  readonly ranking: string | null;
  readonly plans: PlanReport | null;
  readonly plansKey: string;
  /** The plan looked at; null = the one that the search found. */
  readonly plan: string | null;
  readonly comparing: string | null;
  readonly accuracy: Accuracy | null;
  /** Engine that was evaluated. */
  readonly accuracyOf: string;
  readonly evaluating: string | null;
}

export const DEFAULT_IMAGE: ImageSettings = {
  resize: 'stretch',
  shortestSide: null,
  size: null,
  layout: null,
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0],
  std: [1],
};
export const newData = (path: string): DataChoice => ({
  path,
  labels: null,
  samples: null,
  batch: 1,
  image: DEFAULT_IMAGE,
  raw: { dtype: null, shape: null },
});

export const NO_PRECISION: PrecisionChoices = {
  kind: 'fp32',
  fastFp32: false,
  data: null,
  test: null,
  algorithm: 'entropy',
  thresholds: {},
  pins: {},
  budget: null,
};
export const NO_RESULTS: PrecisionState = {
  algorithms: [],
  storages: [],
  kinds: [],
  data: null,
  dataProblem: null,
  test: null,
  testProblem: null,
  reading: false,
  shown: 0,
  calibrating: null,
  stopping: false,
  live: null,
  calibration: null,
  calibrationKey: '',
  tensor: null,
  exported: null,
  sensitivity: null,
  sensitivityKey: '',
  ranking: null,
  plans: null,
  plansKey: '',
  plan: null,
  comparing: null,
  accuracy: null,
  accuracyOf: '',
  evaluating: null,
};

export const STORAGE_TITLE: Readonly<Record<Storage, string>> = {
  fp32: 'FP32',
  fp16: 'FP16',
  bf16: 'BF16',
  int8: 'INT8',
};

export const KIND_TITLE: Readonly<Record<BuildKind, string>> = { ...STORAGE_TITLE, 'int8+fp16': 'INT8 + FP16' };

/** Whether a build of this kind needs ranges. */
export const needsRanges = ({ kind, pins }: Pick<PrecisionChoices, 'kind' | 'pins'>): boolean =>
  kind.startsWith('int8') || Object.values(pins).includes('int8');

/** What is built once there are ranges: on a GPU what has no INT8 kernel is better off in FP16. */
export function quantizedKind({ device, precision }: StudioState['choices']): BuildKind {
  if (precision.kind.startsWith('int8')) return precision.kind;
  return device === 'cpu' ? 'int8' : 'int8+fp16';
}

type S = Pick<StudioState, 'choices' | 'precision' | 'trace' | 'jobs'>;

/** The plan that is looked at. */
export const shownPlan = ({ precision: { plans, plan } }: Pick<StudioState, 'precision'>): PlanPoint | null =>
  plans?.points.find((p) => p.id === (plan ?? plans.automatic)) ?? null;

/** The samples that accuracy is measured on. */
export const testChoice = ({ data, test }: PrecisionChoices): DataChoice | null =>
  data && test ? { ...data, ...test } : data;
/** Whether they have labels. */
export const isLabelled = ({ choices, precision }: Pick<StudioState, 'choices' | 'precision'>): boolean =>
  (choices.precision.test ? precision.test : precision.data)?.labelled ?? false;

/** Data and passes: a calibration made with others is out of date. */
export const dataKey = (s: S): string => {
  const { passes, applications, precision } = s.choices;
  return JSON.stringify([precision.data, passes, applications]);
};
export const calibrationStale = (s: S): boolean =>
  s.precision.calibration !== null && s.precision.calibrationKey !== '' && s.precision.calibrationKey !== dataKey(s);

const job = (s: S, id: string | null): JobSnapshot | undefined =>
  id === null ? undefined : s.jobs.find((j) => j.job === id);
export const calibrationJob = (s: S): JobSnapshot | undefined => job(s, s.precision.calibrating);
export const rankingJob = (s: S): JobSnapshot | undefined => job(s, s.precision.ranking);
export const plansJob = (s: S): JobSnapshot | undefined => job(s, s.precision.comparing);
export const evaluateJob = (s: S): JobSnapshot | undefined => job(s, s.precision.evaluating);
/** Whether some long work of the Precision step is under way. */
export const measuring = ({ precision: p }: S): boolean =>
  p.calibrating !== null || p.ranking !== null || p.comparing !== null || p.evaluating !== null;

/** What people call how a layer's operands are stored. */
export function storageOf({ stored }: Pick<ReportLayer, 'stored'>): Storage {
  if (stored === 'float16') return 'fp16';
  if (stored === 'bfloat16') return 'bf16';
  return stored === '' ? 'fp32' : 'int8';
}
/** Layers by precision, most first; copies are the price of the others' choices and count for none. */
export function countStorages(layers: readonly ReportLayer[]): [Storage, number][] {
  const counts = new Map<Storage, number>();
  for (const l of layers) if (l.op !== 'Copy') counts.set(storageOf(l), (counts.get(storageOf(l)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
