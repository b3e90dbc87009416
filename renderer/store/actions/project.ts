import * as z from 'zod';
import { shell } from '../../host/shell.ts';
import { folderOf, relativeTo, resolveFrom } from '../paths.ts';
import { STEPS } from '../state.ts';
import { get, set } from '../store.ts';
import { openModel } from './model.ts';
import { notify, sentence } from './notify.ts';

const FORMAT = 1;
const projectFile = z.object({
  format: z.literal(FORMAT),
  /** Relative to the project file where that is possible. */
  model: z.object({ path: z.string(), hash: z.string() }),
  step: z.enum(STEPS),
  choices: z.object({
    passes: z.array(z.string()),
    applications: z.array(z.string()),
    device: z.string(),
    threads: z.number(),
    shapes: z.record(z.string(), z.number()),
    iterations: z.number(),
  }),
});

export function projectText(folder: string): string | null {
  const { model, choices, step } = get();
  if (!model) return null;
  const data: z.infer<typeof projectFile> = {
    format: FORMAT,
    model: { path: relativeTo(folder, model.path), hash: model.hash },
    step,
    choices: {
      ...choices,
      passes: [...choices.passes],
      applications: [...choices.applications],
      shapes: { ...choices.shapes },
    },
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

/** Opens the model a project (or saved session) names and puts its choices and step back. */
export async function restoreProject(text: string, folder: string): Promise<boolean> {
  const parsed = projectFile.safeParse(JSON.parse(text));
  if (!parsed.success) {
    notify('error', 'This is not a project that this version of Sinter Studio can read.', 'file.open');
    return false;
  }
  const { model, choices, step } = parsed.data;
  if (!(await openModel(resolveFrom(folder, model.path), choices))) return false;
  const now = get().model;
  if (now && now.hash !== model.hash) {
    notify(
      'warning',
      `${now.name} has changed since this project was saved; its switches are kept where they still match.`,
    );
  }
  set({ step });
  return true;
}

/** Opens whatever was dropped, chosen or passed: a model or a project. */
export async function openPath(path: string): Promise<void> {
  if (!path.endsWith('.sinterproj')) {
    if (await openModel(path)) set({ project: { path: null, dirty: false } });
    return;
  }
  try {
    if (await restoreProject(await shell().readProject(path), folderOf(path))) {
      set({ project: { path, dirty: false } });
      void shell().addRecent(path);
    }
  } catch (e) {
    notify('error', sentence(e), 'file.open');
  }
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
