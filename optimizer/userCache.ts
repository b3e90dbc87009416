import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what can be made again is kept between runs: the user's cache folder of this product. */
export function userCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sinter-studio');
}
