import * as z from 'zod';
import { contract, type HostServices, type Method, PROTOCOL } from './contract.ts';
import { HostError, type Port, type ToWindow, toHost, type wireError } from './protocol.ts';
import type { JobSnapshot } from './schemas/common.ts';

const isMethod = (name: string): name is Method => Object.hasOwn(contract, name);

/** What an error of the system means in words; null for every other one. */
export type Explain = (e: unknown) => string | null;

function wire(e: unknown, explain: Explain): z.infer<typeof wireError> {
  if (e instanceof HostError) return { code: e.code, message: e.message };
  const code = typeof e === 'object' && e !== null && 'code' in e && typeof e.code === 'string' ? e.code : 'failed';
  const inputs =
    typeof e === 'object' && e !== null && 'inputs' in e ? z.array(z.string()).safeParse(e.inputs).data : null;
  const message = explain(e) ?? (e instanceof Error ? e.message : String(e));
  return inputs?.length ? { code, message, inputs } : { code, message };
}

export interface Served {
  job(snapshot: JobSnapshot): void;
  log(line: { level: 'info' | 'warning' | 'error'; text: string }): void;
}

/** Answers a window's calls on one port with `services`, checking what comes in and what goes out. */
export function serve(port: Port, services: HostServices, explain: Explain = () => null): Served {
  const send = (m: ToWindow): void => port.post(m);
  const answer = async (id: number, method: string, params: unknown): Promise<void> => {
    try {
      if (!isMethod(method)) throw new HostError('no-method', `the engine host has no method "${method}"`);
      const input = contract[method].params.safeParse(params);
      if (!input.success) throw new HostError('bad-params', `${method}: ${input.error.issues[0]?.message}`);
      const run = services[method] as (p: unknown) => Promise<unknown>;
      const output = contract[method].result.safeParse(await run(input.data));
      if (!output.success) {
        const issue = output.error.issues[0];
        throw new HostError('bad-result', `${method} made a wrong ${issue?.path.join('.')}: ${issue?.message}`);
      }
      send({ t: 'ok', id, result: output.data });
    } catch (e) {
      send({ t: 'error', id, error: wire(e, explain) });
    }
  };
  port.listen((raw) => {
    const parsed = toHost.safeParse(raw);
    if (!parsed.success) return;
    const m = parsed.data;
    if (m.t === 'call') void answer(m.id, m.method, m.params);
    else if (m.protocol === PROTOCOL) send({ t: 'welcome', protocol: PROTOCOL });
    else {
      const message = `this window speaks protocol ${m.protocol} and the engine host ${PROTOCOL}; restart the studio.`;
      send({ t: 'refused', error: { code: 'protocol', message } });
    }
  });
  return { job: (snapshot) => send({ t: 'job', snapshot }), log: (line) => send({ t: 'log', line }) };
}
