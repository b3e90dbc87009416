import { contract, type HostServices, type Method, type Params, PROTOCOL, type Result } from './contract.ts';
import { HostError, type Port, type ToHost, toWindow } from './protocol.ts';
import type { JobSnapshot } from './schemas/common.ts';

export interface HostEvents {
  onJob(snapshot: JobSnapshot): void;
  onLog(line: { level: 'info' | 'warning' | 'error'; text: string }): void;
}

export interface HostClient {
  readonly services: HostServices;
  /** Fails everything in flight: the host is gone. */
  dispose(reason: string): void;
}

/** Shakes hands over a port and resolves to the typed services behind it. Rejects with HostError on a version clash. */
export function connect(port: Port, events: HostEvents): Promise<HostClient> {
  return new Promise((resolve, reject) => {
    const waiting = new Map<number, { method: Method; ok(r: unknown): void; fail(e: Error): void }>();
    let next = 1;
    let closed: string | null = null;
    const send = (m: ToHost): void => port.post(m);

    const call = <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> =>
      new Promise<Result<M>>((ok, fail) => {
        if (closed !== null) return fail(new HostError('disconnected', closed));
        const checked = contract[method].params.safeParse(params);
        if (!checked.success) {
          return fail(
            new HostError('bad-params', `${method}: ${checked.error.issues[0]?.message ?? 'wrong parameters'}`),
          );
        }
        const id = next++;
        waiting.set(id, { method, ok: (r) => ok(r as Result<M>), fail });
        send({ t: 'call', id, method, params: checked.data });
      });
    const services = Object.fromEntries(
      (Object.keys(contract) as Method[]).map((m) => [m, (p: Params<typeof m>) => call(m, p)]),
    ) as unknown as HostServices;
    const dispose = (reason: string): void => {
      closed = reason;
      for (const w of waiting.values()) w.fail(new HostError('disconnected', reason));
      waiting.clear();
      port.close();
    };

    port.listen((raw) => {
      const parsed = toWindow.safeParse(raw);
      if (!parsed.success) return;
      const m = parsed.data;
      if (m.t === 'welcome') return resolve({ services, dispose });
      if (m.t === 'refused') return reject(new HostError(m.error.code, m.error.message));
      if (m.t === 'job') return events.onJob(m.snapshot);
      if (m.t === 'log') return events.onLog(m.line);
      const w = waiting.get(m.id);
      if (!w) return;
      waiting.delete(m.id);
      if (m.t === 'error') return w.fail(new HostError(m.error.code, m.error.message, m.error.inputs));
      const result = contract[w.method].result.safeParse(m.result);
      if (result.success) w.ok(result.data);
      else {
        const issue = result.error.issues[0];
        w.fail(
          new HostError(
            'bad-result',
            `${w.method} answered with a wrong ${issue?.path.join('.') ?? 'result'}: ${issue?.message ?? ''}`,
          ),
        );
      }
    });
    send({ t: 'hello', protocol: PROTOCOL });
  });
}
