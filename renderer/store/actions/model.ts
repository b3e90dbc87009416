import { HostError } from '../../../electron/ipc/protocol.ts';
import type { Given, GraphView } from '../../../electron/ipc/schemas/graph.ts';
import { host } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { busy } from '../idle.ts';
import { nameOf } from '../paths.ts';
import { NO_PRECISION, NO_RESULTS } from '../precision.ts';
import { type Choices, INITIAL } from '../state.ts';
import { get, set, useStudio } from '../store.ts';
import { newJob } from './jobs.ts';
import { forgetRefusals, notify, sentence, wasCancelled } from './notify.ts';
import { loadView } from './views.ts';

/** At most this many top-level boxes are opened by themselves; larger graphs start collapsed. */
const OPEN_AT_ONCE = 300;

function startExpanded(view: GraphView): ReadonlySet<string> {
  if (view.nodes.length <= OPEN_AT_ONCE) return new Set(view.groups.map((g) => g.id));
  return new Set();
}

/** Waits for a host that is starting; false when there is none. */
export function connected(): Promise<boolean> {
  if (get().connection !== 'connecting') return Promise.resolve(get().connection === 'ready');
  return new Promise((resolve) => {
    const stop = useStudio.subscribe((s) => {
      if (s.connection === 'connecting') return;
      stop();
      resolve(s.connection === 'ready');
    });
  });
}

/** Opens a model file: import, graph, default passes; the Model step shows it as soon as its graph is there. */
export async function openModel(path: string, choices?: Partial<Choices>, given: Given = {}): Promise<boolean> {
  const { opening } = get();
  if (opening !== null) {
    notify('warning', `${nameOf(opening)} is still being opened; open ${nameOf(path)} when it is there.`);
    return false;
  }
  forgetRefusals();
  set({ opening: path });
  if (!(await connected())) {
    set({ opening: null });
    notify('error', 'The engine host is not running; restart it and open the model again.', 'host.restart');
    return false;
  }
  const previous = get().model;
  try {
    const model = await busy(host().open({ path, given, job: newJob('open') }));
    if (previous)
      void host()
        .close({ model: previous.model })
        .catch(() => undefined);
    const { precision } = get();
    set({
      // What was said of the model before is past, like everything else that is its; the host's troubles are not.
      notices: get().notices.filter((n) => n.command === undefined || n.command.startsWith('host.')),
      model,
      given,
      trace: null,
      views: {},
      build: null,
      profile: null,
      precision: {
        ...NO_RESULTS,
        algorithms: precision.algorithms,
        storages: precision.storages,
        kinds: precision.kinds,
      },
      selection: new Set(),
      focus: null,
      hover: new Set(),
      overlay: 'none',
      cursor: { pass: 0, application: null },
      choices: {
        ...get().choices,
        passes: [],
        applications: [],
        shapes: {},
        profiles: [],
        optimizationProfile: 0,
        precision: NO_PRECISION,
        ...choices,
      },
      past: [],
      future: [],
      step: get().step === 'start' ? 'model' : get().step,
    });
    const view = await loadView(INITIAL);
    if (view) set({ expanded: startExpanded(view) });
    for (const p of model.problems.slice(0, 2)) notify(p.severity, p.text, 'view.problems');
    void shell()
      .addRecent(path)
      .then(async () => set({ recent: await shell().recent() }));
  } catch (e) {
    set({ opening: null });
    return askFor(e, path, given, choices);
  } finally {
    set({ opening: null });
  }
  await optimize();
  return true;
}

/** What a file alone does not say is asked for: the weights of a Caffe network, the shapes of inputs. */
async function askFor(e: unknown, path: string, given: Given, choices?: Partial<Choices>): Promise<boolean> {
  const code = e instanceof HostError ? e.code : '';
  if (code === 'missing-weights' && given.weights === undefined) {
    const weights = await shell().pickInput('weights');
    if (weights !== null) return openModel(path, choices, { ...given, weights });
  }
  if (e instanceof HostError && code === 'missing-shape') {
    set({ question: { path, inputs: e.inputs, given, ...(choices ? { choices } : {}) } });
    return false;
  }
  if (!wasCancelled(e)) notify('error', sentence(e), 'file.open');
  return false;
}

/** Goes on with a file whose inputs' shapes are known now. */
export async function answerShapes(shapes: Readonly<Record<string, number[]>>): Promise<void> {
  const { question } = get();
  if (!question) return;
  set({ question: null });
  const given = { ...question.given, shapes: { ...question.given.shapes, ...shapes } };
  if (await openModel(question.path, question.choices, given)) set({ project: { path: null, dirty: false } });
}

let wanted = 0;
/** Runs the pipeline with the current switches; of several requests in a row the last one's result is shown. */
export async function optimize(): Promise<void> {
  const { model, choices } = get();
  if (!model) return;
  const mine = ++wanted;
  set({ optimizing: true });
  try {
    const switches = { passes: [...choices.passes], applications: [...choices.applications] };
    const trace = await busy(host().optimize({ model: model.model, switches, job: newJob('optimize') }));
    if (mine !== wanted || get().model?.model !== model.model) return;
    const { cursor, views } = get();
    const first = trace.passes.findIndex((p) => p.applications.length > 0);
    const kept = views['0.0'];
    set({
      trace,
      // The imported graph is the same at every revision.
      views: kept ? { '0.0': kept } : {},
      cursor: get().trace === null ? { pass: Math.max(0, first), application: null } : { ...cursor, application: null },
    });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'run.optimize');
  } finally {
    if (mine === wanted) set({ optimizing: false });
  }
}
