import * as z from 'zod';
import { dimensionRanges, type TuningChoice, tuningChoice } from '../../../electron/ipc/schemas/build.ts';
import { type Given, given } from '../../../electron/ipc/schemas/graph.ts';
import { budget, buildKind, dataChoice, storage } from '../../../electron/ipc/schemas/precision.ts';
import { shell } from '../../host/shell.ts';
import { folderOf, nameOf, relativeTo, resolveFrom } from '../paths.ts';
import { calibrationStale, dataKey } from '../precision.ts';
import { STEPS } from '../state.ts';
import { get, set } from '../store.ts';
import { openModel } from './model.ts';
import { forgetRefusals, notify, sentence } from './notify.ts';
import { chooseData } from './precision/data.ts';
import { openCalibration } from './precision/ranges.ts';
import { setResults } from './precision/results.ts';
import { openProfile } from './profiles.ts';

const FORMAT = 1;
/** The key of a calibration whose choices are not known any more. */
const STALE = 'older choices';
const precisionChoices = z.object({
  kind: buildKind,
  fastFp32: z.boolean().default(false),
  data: dataChoice.nullable(),
  test: dataChoice.pick({ path: true, labels: true, samples: true }).nullable(),
  algorithm: z.string(),
  thresholds: z.record(z.string(), z.number().positive()),
  pins: z.record(z.string(), storage),
  budget: budget.nullable(),
});
const projectFile = z.object({
  format: z.literal(FORMAT),
  /** Relative to the project file where that is possible. */
  model: z.object({ path: z.string(), hash: z.string(), given: given.optional() }),
  step: z.enum(STEPS),
  choices: z.object({
    passes: z.array(z.string()),
    applications: z.array(z.string()),
    device: z.string(),
    threads: z.number(),
    shapes: z.record(z.string(), z.number()),
    profiles: z.array(dimensionRanges).optional(),
    iterations: z.number(),
    precision: precisionChoices.optional(),
    tuning: tuningChoice.optional(),
  }),
  /** The cache file of the calibration, and whether it was made from these choices. */
  calibration: z.object({ path: z.string(), current: z.boolean() }).optional(),
});

type Precision = z.infer<typeof precisionChoices>;

/** The paths of samples and labels, as `at` says. */
function placed(precision: Precision, at: (path: string) => string): Precision {
  const { data, test } = precision;
  const put = <T extends { path: string; labels: string | null }>(x: T): T => ({
    ...x,
    path: at(x.path),
    labels: x.labels === null ? null : at(x.labels),
  });
  return { ...precision, data: data && put(data), test: test && put(test) };
}

/** The path of the timing cache, as `at` says. */
const timed = <T extends { readonly timings: TuningChoice['timings'] }>(tuning: T, at: (path: string) => string): T =>
  typeof tuning.timings === 'string' ? tuning : { ...tuning, timings: { file: at(tuning.timings.file) } };

/** The path among what was given with a model, as `at` says. */
const located = (g: Given, at: (path: string) => string): Given =>
  g.weights === undefined ? g : { ...g, weights: at(g.weights) };

export function projectText(folder: string): string | null {
  const { model, choices, step, precision } = get();
  if (!model) return null;
  const relative = (path: string): string => relativeTo(folder, path);
  const { calibration } = precision;
  const data: z.infer<typeof projectFile> = {
    format: FORMAT,
    model: { path: relativeTo(folder, model.path), hash: model.hash, given: located(get().given, relative) },
    step,
    choices: {
      ...choices,
      passes: [...choices.passes],
      applications: [...choices.applications],
      shapes: { ...choices.shapes },
      profiles: choices.profiles.map((p) => ({ ...p })),
      tuning: timed(tuningChoice.parse(choices.tuning), relative),
      // A copy: what is stored is plain and owned.
      precision: placed(precisionChoices.parse(choices.precision), relative),
    },
    ...(calibration ? { calibration: { path: relative(calibration.path), current: !calibrationStale(get()) } } : {}),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

function parsedProject(text: string): z.infer<typeof projectFile> | null {
  try {
    return projectFile.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Opens the model a project (or saved session) names and puts its choices and step back; `name` is for people. */
export async function restoreProject(text: string, folder: string, name = 'The last session'): Promise<boolean> {
  const data = parsedProject(text);
  if (!data) {
    notify('error', `${name} is not a project that this version of Sinter Studio can read.`, 'file.open');
    return false;
  }
  const { model, step, calibration } = data;
  const absolute = (path: string): string => resolveFrom(folder, path);
  const { precision, tuning, profiles, ...others } = data.choices;
  const choices = {
    ...others,
    ...(profiles ? { profiles } : {}),
    ...(precision ? { precision: placed(precision, absolute) } : {}),
    ...(tuning ? { tuning: timed(tuning, absolute) } : {}),
  };
  if (!(await openModel(absolute(model.path), choices, located(model.given ?? {}, absolute)))) return false;
  const now = get().model;
  if (now && now.hash !== model.hash) {
    notify(
      'warning',
      `${now.name} has changed since this project was saved; its switches are kept where they still match.`,
    );
  }
  set({ step });
  if (calibration && (await openCalibration(absolute(calibration.path), true)))
    setResults({ calibrationKey: calibration.current ? dataKey(get()) : STALE });
  return true;
}

/** Opens whatever was dropped, chosen or passed: a model, a profile or a project. */
export async function openPath(path: string): Promise<void> {
  if (path.endsWith('.sinterprofile')) {
    await openProfile(path);
    return;
  }
  if (!path.endsWith('.sinterproj')) {
    if (await openModel(path)) set({ project: { path: null, dirty: false } });
    return;
  }
  forgetRefusals();
  try {
    if (await restoreProject(await shell().readProject(path), folderOf(path), nameOf(path))) {
      set({ project: { path, dirty: false } });
      void shell().addRecent(path);
    }
  } catch (e) {
    notify('error', sentence(e), 'file.open');
  }
}

const MODELS = /\.(onnx|sinterproj|sinterprofile|prototxt|caffemodel|pb)$/i;
const WEIGHTS = /\.(caffemodel|binaryproto)$/i;
const CACHES = /\.(calib|cache|trt)$/i;

/** Opens what was dropped: in the Precision step, what is no model is samples or a calibration cache. */
export async function openDropped(paths: readonly string[]): Promise<void> {
  const { step, trace } = get();
  const weights = paths.find((p) => WEIGHTS.test(p));
  const network = paths.find((p) => /\.prototxt$/i.test(p));
  // Both files of a Caffe network at once.
  if (weights !== undefined && network !== undefined) {
    if (await openModel(network, undefined, { weights })) set({ project: { path: null, dirty: false } });
    return;
  }
  const path = paths[0]!;
  if (step !== 'precision' || trace === null || MODELS.test(path)) {
    await openPath(path);
    if (paths.some((p) => p !== path && MODELS.test(p)))
      notify('warning', `One model is open at a time: this is ${nameOf(path)}; drop the others one by one.`);
    return;
  }
  if (CACHES.test(path)) await openCalibration(path);
  else chooseData(path);
}

export async function saveProject(): Promise<void> {
  const { model, project } = get();
  if (!model) return notify('warning', 'Open a model first; a project keeps the choices made for one.', 'file.open');
  const name = `${model.name.replace(/\.[^.]+$/, '')}.sinterproj`;
  const path =
    project.path ??
    (await shell().pickSave({ title: 'Save project', name, extension: 'sinterproj', kind: 'Sinter project' }));
  if (path === null) return;
  try {
    await shell().writeProject(path, projectText(folderOf(path)) ?? '');
    set({ project: { path, dirty: false } });
    notify('info', `Saved ${path}.`);
  } catch (e) {
    notify('error', sentence(e));
  }
}
