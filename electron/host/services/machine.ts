import os from 'node:os';
import type { Machine } from '../../ipc/schemas/machine.ts';
import type { StudioParts } from '../parts/parts.ts';

/** What this machine offers, and what it lacks. */
export function describeMachine(parts: StudioParts): Machine {
  const devices = (parts.runtime?.devices() ?? []).map((d) => ({
    ...d,
    features: [...d.features],
    notes: [...d.notes],
  }));
  const libraries = (parts.runtime?.libraries() ?? []).map((l) => ({ ...l, searched: [...l.searched] }));
  const missing = devices.flatMap((d) => d.notes);
  if (parts.runtimeProblem !== null) missing.unshift(parts.runtimeProblem);
  return { devices, libraries, missing, memoryBytes: os.totalmem(), runtime: parts.runtime?.version ?? null };
}
