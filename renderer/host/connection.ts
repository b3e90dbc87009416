import * as z from 'zod';
import { CHANNEL } from '../../electron/ipc/channel.ts';
import { connect, type HostClient, type HostEvents } from '../../electron/ipc/client.ts';
import type { HostServices } from '../../electron/ipc/contract.ts';
import type { Port } from '../../electron/ipc/protocol.ts';

// The page's content policy forbids generated code; zod then checks by interpretation.
z.config({ jitless: true });

let client: HostClient | null = null;

const asPort = (port: MessagePort): Port => ({
  post: (m) => port.postMessage(m),
  listen: (receive) => {
    port.onmessage = (e) => receive(e.data);
  },
  close: () => port.close(),
});

/** Asks the main process for an engine host, a new one where that is wanted, and shakes hands with it. */
export function connectHost(events: HostEvents, fresh: boolean): Promise<HostClient> {
  return new Promise((resolve, reject) => {
    const receive = (e: MessageEvent): void => {
      const port = e.ports[0];
      if (e.source !== window || e.data !== CHANNEL.port || !port) return;
      window.removeEventListener('message', receive);
      connect(asPort(port), events).then((c) => {
        client = c;
        resolve(c);
      }, reject);
    };
    window.addEventListener('message', receive);
    window.sinter.requestHost(fresh);
  });
}

export function loseHost(reason: string): void {
  client?.dispose(reason);
  client = null;
}

/** The engine host's services; fails with one sentence while there is none. */
export function host(): HostServices {
  if (!client) throw new Error('The engine host is starting; try again in a moment.');
  return client.services;
}
