import { expect } from 'vitest';
import { ImportError, importModel } from '../../optimizer/importers/index.ts';

/** mulberry32 */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Either a model comes out, or an ImportError with one sentence; nothing else is thrown, and nothing hangs. */
export async function importOrRefuse(path: string): Promise<boolean> {
  try {
    await importModel(path);
    return true;
  } catch (e) {
    expect(e).toBeInstanceOf(ImportError);
    if (e instanceof ImportError) {
      expect(e.message.trim()).toMatch(/^[^\n]+\.$/);
      // Surprises (`cause`) would be bugs of the importer, not properties of the file.
      expect(e.cause, `${e.message} ${e.cause instanceof Error ? e.cause.stack : ''}`).toBeUndefined();
    }
    return false;
  }
}
