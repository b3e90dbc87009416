import type { ShellApi } from '../../electron/ipc/shell.ts';

declare global {
  interface Window {
    /** The bridge from preload. */
    readonly sinter: ShellApi;
  }
}

export const shell = (): ShellApi => window.sinter;
