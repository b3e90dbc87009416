import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, MessageChannelMain, type UtilityProcess, utilityProcess, type WebContents } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * One engine host process per window. The window gets a port straight to it; when the process dies the window is told
 * why and asks for the next one, so a crash there costs a reopen and never the window.
 */
export class EngineHost {
  private child: UtilityProcess | null = null;
  private disposed = false;
  private readonly contents: WebContents;

  constructor(contents: WebContents) {
    this.contents = contents;
  }

  connect(): void {
    const child = this.child ?? this.start();
    const { port1, port2 } = new MessageChannelMain();
    child.postMessage({ port: true }, [port1]);
    this.contents.postMessage(CHANNEL.port, null, [port2]);
  }

  dispose(): void {
    this.disposed = true;
    this.child?.kill();
  }

  private start(): UtilityProcess {
    const child = utilityProcess.fork(path.join(here, 'host.js'), [], {
      serviceName: 'Sinter engine host',
      env: {
        ...process.env,
        SINTER_CACHE: path.join(app.getPath('userData'), 'results'),
        SINTER_CALIBRATIONS: path.join(app.getPath('userData'), 'calibrations'),
      },
      stdio: 'inherit',
    });
    this.child = child;
    child.once('exit', (code) => {
      if (this.child === child) this.child = null;
      if (this.disposed || this.contents.isDestroyed()) return;
      this.contents.send(CHANNEL.hostLost, `the engine host stopped unexpectedly (exit code ${code})`);
    });
    return child;
  }
}
