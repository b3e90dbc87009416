import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ProfileDocument } from '../../../optimizer/engine/profile/document.ts';
import { chromeTrace, profileCsv } from '../../../optimizer/engine/profile/exports.ts';
import { readProfileFile, writeProfileFile } from '../../../optimizer/engine/profile/file.ts';
import { HostError } from '../../ipc/protocol.ts';
import type { ProfileFormat, ProfileResult } from '../../ipc/schemas/profile.ts';

const stem = (file: string): string => path.parse(file).name;

/** Profiles of this session, measured or opened; each keeps what its file would hold. */
export class Profiles {
  private readonly held = new Map<string, ProfileResult>();
  private next = 1;

  get(id: string): ProfileResult {
    const p = this.held.get(id);
    if (!p) throw new HostError('no-profile', 'That profile is no longer at hand; measure it again or open its file.');
    return p;
  }

  private add(document: ProfileDocument, rest: Pick<ProfileResult, 'title' | 'measuredOn' | 'path'>): ProfileResult {
    const result: ProfileResult = { ...document, ...rest, id: `p${this.next++}` };
    this.held.set(result.id, result);
    return result;
  }

  measured(engine: string, document: ProfileDocument): ProfileResult {
    const name = stem(document.engine.modelName || document.engine.name || 'engine');
    const before = [...this.held.values()].filter((p) => p.path === null).length;
    return this.add(document, { title: `${name} #${before + 1}`, measuredOn: engine, path: null });
  }

  open(file: string): ProfileResult {
    return this.add(readProfileFile(file), { title: stem(file), measuredOn: null, path: file });
  }

  /** Under the id it had: the window's selections and comparisons go on. */
  adopt(profile: ProfileResult): void {
    this.held.set(profile.id, profile);
    this.next = Math.max(this.next, Number(profile.id.slice(1)) + 1);
  }

  close(id: string): void {
    this.held.delete(id);
  }

  async export(id: string, format: ProfileFormat, to: string): Promise<{ bytes: number }> {
    const { id: _id, title: _title, measuredOn: _measuredOn, path: _path, ...document } = this.get(id);
    try {
      if (format === 'sinterprofile') writeProfileFile(to, document);
      else if (format === 'csv') await writeFile(to, profileCsv(document));
      else if (format === 'trace') await writeFile(to, chromeTrace(document));
      else await writeFile(to, `${JSON.stringify(document, null, 2)}\n`);
    } catch (e) {
      throw new HostError('write', `${to} could not be written: ${e instanceof Error ? e.message : e}.`);
    }
    return { bytes: (await stat(to)).size };
  }
}
