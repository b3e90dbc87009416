import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PROFILE_KIND, PROFILE_VERSION, type ProfileDocument, profileDocument } from './document.ts';

export const PROFILE_EXTENSION = '.sinterprofile';

/** A file that is no profile, or none that this version reads: one sentence. */
export class ProfileFileError extends Error {
  override readonly name = 'ProfileFileError';
}

/** The document as text: one line per layer, so that files can be compared. */
export function profileText(d: ProfileDocument): string {
  const lines = Object.entries(d).map(([key, value]) => {
    const rows = key === 'layers' || key === 'sources';
    const text = rows
      ? `[\n${(value as unknown[]).map((x) => JSON.stringify(x)).join(',\n')}\n]`
      : JSON.stringify(value);
    return `${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Writes next to the goal and renames: a failure leaves no partial file. */
export function writeProfileFile(path: string, d: ProfileDocument): void {
  const temporary = `${path}.${process.pid}.part`;
  try {
    writeFileSync(temporary, profileText(d));
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { force: true });
    throw e;
  }
}

/** Whether a file starts like a profile; false for binary files of any size without reading them. */
export function isProfileFile(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(64);
    const text = head.toString('utf8', 0, readSync(fd, head, 0, head.length, 0));
    return /^\s*\{\s*"kind"\s*:\s*"sinter-profile"/.test(text);
  } finally {
    closeSync(fd);
  }
}

/** Reads and checks a profile. Throws ProfileFileError with one sentence. */
export function readProfileFile(path: string): ProfileDocument {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (e) {
    if (e instanceof SyntaxError) throw new ProfileFileError(`${path} is not a profile: it is no JSON document`);
    throw e;
  }
  const head = data as { kind?: unknown; version?: unknown } | null;
  if (head === null || typeof head !== 'object' || head.kind !== PROFILE_KIND)
    throw new ProfileFileError(`${path} is not a profile written by Sinter`);
  if (head.version !== PROFILE_VERSION) {
    throw new ProfileFileError(
      `${path} is a profile of version ${String(head.version)}; this Sinter reads version ${PROFILE_VERSION}`,
    );
  }
  const parsed = profileDocument.safeParse(data);
  if (parsed.success) return checked(path, parsed.data);
  const issue = parsed.error.issues[0];
  throw new ProfileFileError(`${path} is damaged: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd());
}

/** References within the document must lead somewhere. */
function checked(path: string, d: ProfileDocument): ProfileDocument {
  const n = d.layers.length;
  const wrong =
    d.layers.some((l, i) => l.layer !== i || l.inputs.some((k) => k >= i || k < -d.engine.inputs.length)) ||
    d.engine.outputs.some((o) => o.layer >= n) ||
    d.timeline.some((t) => t.layer >= n) ||
    (n > 0 && d.memory.peak.layer >= n) ||
    d.memory.blocks.some((b) => b.to >= n || b.from > b.to || b.layer >= n);
  if (wrong) throw new ProfileFileError(`${path} is damaged: it refers to layers that it does not hold`);
  return d;
}
