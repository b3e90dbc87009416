import { deviceCeilings } from '../../optimizer/builder/ceilings.ts';
import type { DeviceInfo, SupportLibrary } from '../../optimizer/runtime.ts';
import { EXIT } from '../exit.ts';
import { parseCount } from '../options.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { ceilingText } from './profile.ts';

interface DevicesFlags {
  measure?: boolean;
  threads?: string;
  json?: boolean;
}

/** Lists the devices and the libraries behind them; with --measure also what each reaches, on one thread and on all of them. */
export async function devices(flags: DevicesFlags): Promise<number> {
  const runtime = nativeRuntime();
  const list: (DeviceInfo & { ceilings?: unknown })[] = [];
  for (const d of runtime.devices()) {
    const ceilings = [];
    for (const threads of flags.measure ? counts(d, flags.threads) : []) {
      const measured = await deviceCeilings(runtime, d, threads, { stop: stopSignal(), again: true });
      if (measured) ceilings.push(measured);
    }
    if (!flags.json) {
      console.log(`${d.id}  ${d.name}, ${d.cores} ${d.cores === 1 ? 'core' : 'cores'}, ${d.features.join(', ')}`);
      for (const note of d.notes) console.log(`     ${note}`);
      for (const c of ceilings) {
        console.log(`     ${c.threads} ${c.threads === 1 ? 'thread' : 'threads'}: ${ceilingText({ ceilings: c })}`);
      }
    }
    list.push(flags.measure ? { ...d, ceilings } : d);
  }
  const libraries = runtime.libraries();
  if (flags.json) console.log(JSON.stringify({ devices: list, libraries }, null, 2));
  else for (const l of libraries) for (const line of libraryLines(l)) console.log(line);
  return EXIT.ok;
}

/** Where a library was found; else where it was looked for (what that costs stands with the device). */
function libraryLines(l: SupportLibrary): string[] {
  if (l.path !== '') return [`${l.name}  ${l.version === '' ? '' : `${l.version}, `}${l.path}`];
  return [`${l.name}  not found; looked in`, ...l.searched.map((place) => `     ${place}`)];
}

function counts(d: DeviceInfo, threads: string | undefined): number[] {
  if (threads !== undefined) return [parseCount('--threads', threads, 1)];
  return d.kind === 'cpu' ? [...new Set([1, d.cores])] : [1];
}
