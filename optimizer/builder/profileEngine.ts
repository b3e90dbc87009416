import type { ProfileCeilings, ProfileDocument } from '../engine/profile/document.ts';
import { recordProfile } from '../engine/profile/record.ts';
import { decodeEngine } from '../engine/schema.ts';
import type { DeviceInfo, LoadedEngine, NativeRuntime, Tensor } from '../runtime.ts';
import { deviceCeilings } from './ceilings.ts';

export interface ProfileRequest {
  readonly runtime: NativeRuntime;
  readonly engine: LoadedEngine;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly threads: number;
  /** Optimization profile; by default the one that fits the inputs best. */
  readonly profile?: number;
  readonly warmup: number;
  readonly iterations: number;
  readonly onProgress: (phase: 'run' | 'ceilings', done: number, total: number) => void;
  readonly stop: AbortSignal;
  /** Folder of what is known about this machine; the user's cache folder by default. */
  readonly cacheFolder?: string;
}

/** Runs an engine, times it and its layers, and puts everything together that a profile holds. */
export async function profileEngine(r: ProfileRequest): Promise<ProfileDocument> {
  const header = decodeEngine(r.engine.headerBytes);
  const device = r.runtime.devices().find((d) => d.id === (header.provenance.device || 'cpu'));
  const context = r.engine.createContext({
    threads: r.threads,
    ...(r.profile === undefined ? {} : { profile: r.profile }),
  });
  try {
    const options = { warmup: r.warmup, iterations: r.iterations };
    const profile = await context.profile(r.inputs, options, (p) => r.onProgress('run', p.done, p.total), r.stop);
    const ceilings = device ? await ceilingsOf(r, device) : null;
    return recordProfile({
      header,
      profile,
      inputs: r.inputs,
      device,
      ceilings,
      threads: r.threads,
      warmup: r.warmup,
      producer: `sinter ${r.runtime.version}`,
      recorded: new Date(),
    });
  } finally {
    context.dispose();
  }
}

/** A device that cannot measure itself is profiled all the same: the profile then has no roofs. */
async function ceilingsOf(r: ProfileRequest, device: DeviceInfo): Promise<ProfileCeilings | null> {
  r.onProgress('ceilings', 0, 1);
  try {
    return await deviceCeilings(r.runtime, device, r.threads, {
      stop: r.stop,
      ...(r.cacheFolder === undefined ? {} : { folder: r.cacheFolder }),
    });
  } catch (e) {
    if (r.stop.aborted) throw e;
    return null;
  }
}
