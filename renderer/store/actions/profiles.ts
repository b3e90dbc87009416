import type { ProfileFormat, ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { host } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { busy } from '../idle.ts';
import { get, set } from '../store.ts';
import { connected } from './model.ts';
import { notify, sentence, wasCancelled } from './notify.ts';

/** More would not fit side by side, and nobody compares five things at once. */
export const MOST_COMPARED = 4;

/** Gives a new host what the window still holds of its predecessor's profiles; the engines they ran on are gone. */
export async function handBackProfiles(shown: string | null): Promise<void> {
  const profiles = get().profiles.map((p) => ({ ...p, measuredOn: null }));
  set({ profiles, profile: profiles.find((p) => p.id === shown) ?? null });
  for (const profile of profiles) await host().adoptProfile({ profile });
}

/** Takes a new profile in, shows it, and puts it beside the ones that are compared. */
export function addProfile(result: ProfileResult): void {
  const { profiles, compared } = get();
  set({ profiles: [...profiles, result], compared: [...compared, result.id].slice(-MOST_COMPARED) });
  showProfile(result.id);
}

export function showProfile(id: string): void {
  const profile = get().profiles.find((p) => p.id === id);
  if (!profile) return;
  set({ profile, overlay: 'time', selection: new Set(), hover: new Set(), focus: null });
  void loadLayerGraph(id);
}

async function loadLayerGraph(id: string): Promise<void> {
  if (get().layerGraphs[id]) return;
  try {
    const view = await busy(host().profileGraph({ profile: id }));
    set({ layerGraphs: { ...get().layerGraphs, [id]: view } });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e));
  }
}

/** Opens a .sinterprofile; needs neither its model nor its device. One that is open already is shown again. */
export async function openProfile(path: string): Promise<boolean> {
  if (!(await connected())) {
    notify('error', 'The engine host is not running; restart it and open the profile again.', 'host.restart');
    return false;
  }
  try {
    const before = get().profiles.find((p) => p.path === path);
    addProfile(await busy(host().openProfile({ path })));
    if (before) closeProfile(before.id);
    set({ step: 'profile' });
    void shell()
      .addRecent(path)
      .then(async () => set({ recent: await shell().recent() }));
    return true;
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'file.openProfile');
    return false;
  }
}

/** Forgets a profile; the file it came from, if any, stays. */
export function closeProfile(id: string): void {
  const profiles = get().profiles.filter((p) => p.id !== id);
  const { [id]: _gone, ...layerGraphs } = get().layerGraphs;
  set({ profiles, layerGraphs, compared: get().compared.filter((c) => c !== id) });
  if (get().profile?.id === id) {
    const next = profiles.at(-1);
    if (next) showProfile(next.id);
    else set({ profile: null, overlay: get().overlay === 'time' ? 'none' : get().overlay });
  }
  void host()
    .closeProfile({ profile: id })
    .catch(() => undefined);
}

/** Puts a profile beside the others or takes it away; of more than four the oldest goes. */
export function toggleCompared(id: string): void {
  const { compared } = get();
  set({ compared: compared.includes(id) ? compared.filter((c) => c !== id) : [...compared, id].slice(-MOST_COMPARED) });
}

const KINDS: Readonly<Record<ProfileFormat, { title: string; extension: string; kind: string }>> = {
  sinterprofile: { title: 'Save profile', extension: 'sinterprofile', kind: 'Sinter profile' },
  csv: { title: 'Export layer times', extension: 'csv', kind: 'CSV table' },
  json: { title: 'Export profile as JSON', extension: 'json', kind: 'JSON' },
  trace: { title: 'Export timeline', extension: 'trace.json', kind: 'Chrome trace' },
};

export async function exportProfile(format: ProfileFormat): Promise<void> {
  const { profile } = get();
  if (!profile) return notify('warning', 'There is no profile yet; run the engine first.', 'run.profile');
  const { title, extension, kind } = KINDS[format];
  const name = `${profile.title.replace(' #', '-')}.${extension}`;
  const path = await shell().pickSave({ title, name, extension: extension.split('.').at(-1)!, kind });
  if (path === null) return;
  try {
    const { bytes } = await busy(host().exportProfile({ profile: profile.id, format, path }));
    notify('info', `Wrote ${path} (${(bytes / 1e3).toFixed(0)} kB).`);
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e));
  }
}
