import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PACKAGE = 'dataset-fashion-mnist';
const IMAGES = '/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz';

/**
 * Path of Fashion-MNIST's 10,000 test images, their labels beside it. Installed by apt when that is possible; null, with a
 * warning that names the package, when it is not.
 */
export function fashionTestImages(): string | null {
  if (existsSync(IMAGES)) return IMAGES;
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args: string[]): boolean => spawnSync('apt-get', args, { env, stdio: 'ignore' }).status === 0;
    const install = (): boolean => apt('install', '-y', '--no-install-recommends', PACKAGE);
    if (!install() && apt('update')) install();
  }
  if (existsSync(IMAGES)) return IMAGES;
  console.warn(`SKIPPED: Fashion-MNIST is not installed (Debian: apt-get install ${PACKAGE})`);
  return null;
}
