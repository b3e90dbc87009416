import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, MessageChannelMain, type UtilityProcess, utilityProcess, type WebContents } from 'electron';
import { CHANNEL } from '../ipc/channel.ts';
import { libraryPath, loadSettings } from './settings.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/**
 * One engine host process per window. The window gets a port straight to it; when the process dies the window is told
 * why and asks for the next one, so a crash there costs a reopen and never the window.
 */
export class EngineHost {
  private child: UtilityProcess | null = null;
  private disposed = false;
  /** Those that were ended on purpose. */
  private readonly ended = new WeakSet<UtilityProcess>();
  private readonly contents: WebContents;
  /** Where the runtime says in which plugin it was when it crashed (native/core/plugin_crash.cpp). */
  private readonly note: string;

  constructor(contents: WebContents) {
    this.contents = contents;
    this.note = path.join(app.getPath('userData'), `crash-${process.pid}-${contents.id}.txt`);
  }

  /** Hands the window a port; `fresh` ends a running host first, without counting that as a crash. */
  connect(fresh: boolean): void {
    if (fresh && this.child) {
      this.ended.add(this.child);
      this.child.kill();
      this.child = null;
    }
    const child = this.child ?? this.start();
    const { port1, port2 } = new MessageChannelMain();
    child.postMessage({ port: true }, [port1]);
    this.contents.postMessage(CHANNEL.port, null, [port2]);
  }

  dispose(): void {
    this.disposed = true;
    this.child?.kill();
  }

  private lastWords(): string | null {
    try {
      return readFileSync(this.note, 'utf8').trim() || null;
    } catch {
      return null;
    } finally {
      rmSync(this.note, { force: true });
    }
  }

  private start(): UtilityProcess {
    const cuda = libraryPath(loadSettings().libraryFolders, process.env.SINTER_CUDA_PATH);
    const child = utilityProcess.fork(path.join(here, 'host.js'), [], {
      serviceName: 'Sinter engine host',
      env: {
        ...process.env,
        ...(cuda === undefined ? {} : { SINTER_CUDA_PATH: cuda }),
        SINTER_CRASH_NOTE: this.note,
        SINTER_CACHE: path.join(app.getPath('userData'), 'results'),
        SINTER_CALIBRATIONS: path.join(app.getPath('userData'), 'calibrations'),
      },
      stdio: 'inherit',
    });
    this.child = child;
    child.once('exit', (code) => {
      if (this.child === child) this.child = null;
      if (this.ended.has(child) || this.disposed || this.contents.isDestroyed()) return;
      this.contents.send(
        CHANNEL.hostLost,
        this.lastWords() ?? `the engine host stopped unexpectedly (exit code ${code})`,
      );
    });
    return child;
  }
}
