import type { LogLine, Notice } from '../state.ts';
import { get, set } from '../store.ts';

const LOG_LIMIT = 2000;
let next = 1;

/** Shows one sentence, with a button where a command helps. */
export function notify(severity: Notice['severity'], text: string, command?: string): void {
  const notice: Notice = { id: next++, severity, text, ...(command === undefined ? {} : { command }) };
  set({ notices: [...get().notices.filter((n) => n.text !== text), notice].slice(-4) });
  log(severity === 'info' ? 'info' : severity, text);
}
/** What could not be opened before is past. */
export const forgetRefusals = (): void => set({ notices: get().notices.filter((n) => n.command !== 'file.open') });
export const dismiss = (id: number): void => set({ notices: get().notices.filter((n) => n.id !== id) });

export function log(level: LogLine['level'], text: string): void {
  set({ log: [...get().log, { id: next++, at: Date.now(), level, text }].slice(-LOG_LIMIT) });
}

export const sentence = (e: unknown): string => (e instanceof Error ? e.message : String(e));
export const wasCancelled = (e: unknown): boolean =>
  typeof e === 'object' && e !== null && 'code' in e && (e.code === 'cancelled' || e.code === 'disconnected');
