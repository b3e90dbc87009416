/** Channel names between preload and main, in one place. */
export const CHANNEL = {
  requestHost: 'sinter:request-host',
  port: 'sinter:port',
  hostLost: 'sinter:host-lost',
  command: 'sinter:command',
  openPath: 'sinter:open-path',
  setMenu: 'sinter:set-menu',
  setTitle: 'sinter:set-title',
  saveSession: 'sinter:save-session',
  invoke: 'sinter:invoke',
} as const;
