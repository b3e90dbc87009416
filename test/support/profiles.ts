import { join } from 'node:path';
import { readProfileFile } from '../../optimizer/engine/profile/file.ts';

/** One GoogLeNet on a CPU by precision and on an H100, and a ResNet-50 on an H100, all recorded by `sinter profile --save`. */
export type ProfileFixture = 'googlenet-fp32' | 'googlenet-int8' | 'googlenet-h100-fp16' | 'resnet50-h100-fp16';
export const profileFixture = (name: ProfileFixture): string =>
  join(import.meta.dirname, `../fixtures/profiles/${name}.sinterprofile`);
export const readFixture = (name: ProfileFixture) => readProfileFile(profileFixture(name));
