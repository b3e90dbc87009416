import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProfileCeilings } from '../engine/profile/document.ts';
import type { DeviceInfo, NativeRuntime } from '../runtime.ts';
import { userCacheDir } from '../userCache.ts';

const rate = z.number().nonnegative();
const file = z.record(
  z.string(),
  z.object({
    threads: z.number().int(),
    flops: z.array(z.object({ dtype: z.string(), rate })),
    bandwidth: rate,
  }),
);

const FILE = 'ceilings.json';

/** What was measured stays true for the same device, driver of it, instruction sets and thread count. */
const keyOf = (version: string, d: DeviceInfo, threads: number): string =>
  [version, d.kind, d.name, d.features.join('+'), `${threads} threads`].join(' | ');

function readCache(folder: string): z.infer<typeof file> {
  try {
    return file.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    // Missing or of another version: what it held is measured again.
    return {};
  }
}

export interface CeilingOptions {
  readonly stop: AbortSignal;
  /** Measures even where the answer is known. */
  readonly again?: boolean;
  readonly folder?: string;
}

/**
 * What a device reaches with `threads` threads: from this machine's cache, else measured now (about a second) and kept.
 * Null where the device cannot say.
 */
export async function deviceCeilings(
  runtime: NativeRuntime,
  device: DeviceInfo,
  threads: number,
  options: CeilingOptions,
): Promise<ProfileCeilings | null> {
  const folder = options.folder ?? userCacheDir();
  const key = keyOf(runtime.version, device, threads);
  const known = options.again ? undefined : readCache(folder)[key];
  if (known) return known;
  const { flops, bandwidth } = await runtime.ceilings(device.id, threads, options.stop);
  if (flops.length === 0 && bandwidth === 0) return null;
  const measured = { threads, flops: flops.map((f) => ({ ...f })), bandwidth };
  try {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, FILE);
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ ...readCache(folder), [key]: measured }, null, 1)}\n`);
    renameSync(temporary, path);
  } catch {
    // A folder that cannot be written costs a second the next time.
  }
  return measured;
}
