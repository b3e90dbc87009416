import type { ProfileDocument } from './document.ts';

const cell = (x: string | number): string => {
  const text = String(x);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line per layer (RFC 4180): times in nanoseconds, operations and bytes of one run, what the device says of it. */
export function profileCsv(d: ProfileDocument): string {
  const head = [
    ...['layer', 'name', 'op', 'tactic', 'device', 'stream', 'dtype', 'output_dtype', 'output_shape', 'output_layout'],
    ...['median_ns', 'mean_ns', 'p90_ns', 'p95_ns', 'p99_ns', 'min_ns', 'max_ns', 'flops', 'bytes'],
    ...[
      'gflops_per_s',
      'gbytes_per_s',
      'roof_ns',
      'converts',
      'kernels',
      'registers',
      'shared_bytes',
      'occupancy',
      'operators',
    ],
  ];
  const names = new Map(d.sources.map((s) => [s.id, s.name || s.id]));
  const rate = (amount: number, ns: number): string => (ns > 0 ? (amount / ns).toFixed(3) : '');
  const rows = d.layers.map((l) => [
    ...[l.layer, l.name, l.op, l.tactic, l.device, l.stream, l.dtype, l.output.dtype, l.output.shape, l.output.layout],
    ...[l.median, l.mean, l.p90, l.p95, l.p99, l.min, l.max, l.flops, l.bytes],
    ...[rate(l.flops, l.median), rate(l.bytes, l.median), l.roof ?? ''],
    l.conversion ? `${l.conversion.from} → ${l.conversion.to}` : '',
    ...[l.facts?.kernels, l.facts?.registers, l.facts?.sharedBytes, l.facts?.occupancy].map((x) => x ?? ''),
    l.sources.map((s) => names.get(s) ?? s).join(' '),
  ]);
  return `${[head, ...rows].map((r) => r.map(cell).join(',')).join('\r\n')}\r\n`;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly [key: string]: unknown;
}

/**
 * The timeline in the Trace Event Format that chrome://tracing and Perfetto open: a thread per stream, a complete event
 * per layer, microseconds.
 */
export function chromeTrace(d: ProfileDocument): string {
  const streams = [...new Set(d.layers.map((l) => l.stream))].sort((a, b) => a - b);
  const named = (name: string, tid: number, text: string): TraceEvent => ({
    name,
    ph: 'M',
    pid: 1,
    tid,
    args: { name: text },
  });
  const events: TraceEvent[] = [
    named('process_name', 0, `${d.engine.name} on ${d.device.name}`),
    ...streams.map((s) => named('thread_name', s + 1, `stream ${s}`)),
    ...d.timeline.map((t): TraceEvent => {
      const l = d.layers[t.layer]!;
      return {
        name: l.name,
        cat: l.op,
        ph: 'X',
        pid: 1,
        tid: l.stream + 1,
        ts: t.start / 1000,
        dur: t.duration / 1000,
        args: {
          layer: l.layer,
          tactic: l.tactic,
          output: `${l.output.dtype} ${l.output.shape}`,
          flops: l.flops,
          bytes: l.bytes,
          operators: l.sources,
          ...l.facts,
        },
      };
    }),
  ];
  return `${JSON.stringify({ displayTimeUnit: 'ns', traceEvents: events }, null, 1)}\n`;
}
