import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { protocol } from 'electron';

const SCHEME = 'sinter-app';
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../renderer');
export const START_URL = `${SCHEME}://studio/index.html`;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Before the app is ready: the window's pages get an origin of their own, so that workers and policies apply. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built window, and nothing outside its folder. */
export function serveApp(): void {
  protocol.handle(SCHEME, async (request) => {
    const file = path.normalize(path.join(root, decodeURIComponent(new URL(request.url).pathname)));
    if (!file.startsWith(root + path.sep)) return new Response('', { status: 403 });
    try {
      const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
      return new Response(await readFile(file), { headers: { 'content-type': type } });
    } catch {
      return new Response('', { status: 404 });
    }
  });
}
