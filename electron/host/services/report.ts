import { stat, writeFile } from 'node:fs/promises';
import { reportPasses } from '../../../optimizer/builder/reportPasses.ts';
import { htmlReport } from '../../../optimizer/exporters/html/report.ts';
import type { Params, Result } from '../../ipc/contract.ts';
import { HostError } from '../../ipc/protocol.ts';
import type { StudioParts } from '../parts/parts.ts';
import type { Models } from './models.ts';
import type { Profiles } from './profiles.ts';

/** Writes the HTML report of a model's passes, a profile, or both. */
export async function exportReport(
  parts: StudioParts,
  models: Models,
  profiles: Profiles,
  r: Params<'exportReport'>,
): Promise<Result<'exportReport'>> {
  const model = r.model === null ? null : models.get(r.model);
  const profile = r.profile === null ? null : profiles.get(r.profile);
  if (!model && !profile) throw new HostError('nothing', 'There is nothing to report on yet.');
  const optimized = model?.optimized;
  const page = htmlReport({
    model: model
      ? {
          name: model.summary.name,
          format: model.summary.format,
          hash: model.summary.hash,
          bytes: model.summary.fileBytes,
          operators: model.summary.operators,
        }
      : null,
    passes: optimized ? reportPasses(optimized.trace, parts.passes, parts.refusalText) : [],
    profile,
    command: r.command,
    producer: profile?.producer ?? `sinter ${parts.runtime?.version ?? ''}`.trimEnd(),
    written: new Date(),
  });
  try {
    await writeFile(r.path, page);
  } catch (e) {
    throw new HostError('write', `${r.path} could not be written: ${e instanceof Error ? e.message : e}.`);
  }
  return { bytes: (await stat(r.path)).size };
}
