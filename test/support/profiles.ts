import { join } from 'node:path';
import { readProfileFile } from '../../optimizer/engine/profile/file.ts';

/** Profiles of one GoogLeNet recorded on a CPU, by precision. */
export const profileFixture = (name: 'googlenet-fp32' | 'googlenet-int8'): string =>
  join(import.meta.dirname, `../fixtures/profiles/${name}.sinterprofile`);
export const readFixture = (name: 'googlenet-fp32' | 'googlenet-int8') => readProfileFile(profileFixture(name));
