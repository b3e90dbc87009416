import { get, set } from '../store.ts';

/** The group the user opened or closed last: the canvas keeps it under the cursor. */
export const lastToggled: { id: string | null } = { id: null };

export function toggleGroup(id: string): void {
  const expanded = new Set(get().expanded);
  if (!expanded.delete(id)) expanded.add(id);
  lastToggled.id = id;
  set({ expanded });
}
export function openGroups(ids: readonly string[]): void {
  const { expanded } = get();
  if (ids.every((i) => expanded.has(i))) return;
  set({ expanded: new Set([...expanded, ...ids]) });
}
export function setAllGroups(open: boolean): void {
  lastToggled.id = null;
  const groups = Object.values(get().views)[0]?.groups ?? [];
  set({ expanded: new Set(open ? groups.map((g) => g.id) : []) });
}
