/* Becomes resources/app of the fallback Electron, which (unlike Electron's own build) cannot be given an app directory. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const dir = process.env.SINTER_APP_DIR;
if (!dir) {
  console.error('sinter: SINTER_APP_DIR names no application; start the studio with npm start');
  app.exit(2);
} else {
  const { main, name, version } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));
  app.setName(name);
  app.setVersion(version);
  app.setAppPath(dir);
  await import(pathToFileURL(path.join(dir, main)).href);
}
