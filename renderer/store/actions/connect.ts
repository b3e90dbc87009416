import { connectHost, host, loseHost } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { busy } from '../idle.ts';
import { NO_RESULTS } from '../precision.ts';
import { get, set } from '../store.ts';
import { onJob } from './jobs.ts';
import { log, notify, sentence } from './notify.ts';
import { startCalibration } from './precision/calibrate.ts';
import { handBackProfiles } from './profiles.ts';
import { openPath, projectText, restoreProject } from './project.ts';

let crashes: number[] = [];

async function connectOnce(fresh = false): Promise<boolean> {
  set({ connection: 'connecting' });
  try {
    await busy(connectHost({ onJob, onLog: (l) => log(l.level, l.text) }, fresh));
    set({ connection: 'ready', machine: await busy(host().machine({})) });
    return true;
  } catch (e) {
    set({ connection: 'lost' });
    notify('error', sentence(e), 'host.restart');
    return false;
  }
}

/** Nobody will report the end of what runs in a host that is gone. */
function endJobs(error: string): void {
  const jobs = get().jobs.map((j) => (j.state === 'running' ? { ...j, state: 'failed' as const, error } : j));
  set({ jobs });
}

/** Starts over with a new host process and reopens what was open. */
export async function restartHost(): Promise<void> {
  loseHost('The engine host was restarted.');
  endJobs('The engine host was restarted.');
  const session = projectText('');
  const { profile, overlay, step } = get();
  set({ model: null, trace: null, views: {}, build: null, building: null, profiling: null });
  set({ precision: NO_RESULTS });
  if (!(await connectOnce(true))) return;
  if (session !== null) await restoreProject(session, '');
  await handBackProfiles(profile?.id ?? null);
  if (profile) set({ overlay, step });
}

function onLost(reason: string): void {
  loseHost(`${reason}.`);
  const calibrating = get().precision.calibrating !== null;
  endJobs('The engine host stopped.');
  set({ connection: 'lost', opening: null, optimizing: false, building: null, profiling: null });
  const now = Date.now();
  crashes = [...crashes.filter((t) => now - t < 60_000), now];
  if (crashes.length > 2) {
    notify('error', `The engine host keeps stopping (${reason}). Restart it, or open another model.`, 'host.restart');
    return;
  }
  notify('warning', `Restarted after ${reason}; ${get().model ? 'the model' : 'what was open'} was opened again.`);
  void restartHost().then(() => {
    // What was seen until the last checkpoint is not looked at again.
    if (calibrating && get().model !== null) return startCalibration(true);
  });
}

/** Brings the window to life: host, recent files, and what was open before a crash or is named on the command line. */
export async function boot(): Promise<void> {
  const bridge = shell();
  bridge.onHostLost(onLost);
  const connected = await connectOnce();
  const [recent, samples, settings] = await Promise.all([bridge.recent(), bridge.samples(), bridge.settings()]);
  set({ recent, samples, libraryFolders: settings.libraryFolders });
  if (!connected) return;
  let asked = false;
  bridge.onOpenPath((path) => {
    asked = true;
    void openPath(path);
  });
  const session = await bridge.loadSession();
  if (!asked && session) await restoreProject(session, '').catch(() => undefined);
}

/** Keeps what a crash of the window must not lose. */
export function keepSession(): void {
  const text = get().opening === null ? projectText('') : null;
  if (text !== null) shell().saveSession(text);
}
