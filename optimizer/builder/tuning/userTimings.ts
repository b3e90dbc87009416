import { join } from 'node:path';
import { userCacheDir } from '../../userCache.ts';
import { TimingCache } from './timingCache.ts';

/** The timing cache that every build of this user shares unless another file is named. */
export const openUserTimings = (): TimingCache => TimingCache.open(join(userCacheDir(), 'timing-cache.json'));
