import { layerSum, onHost, type ProfileDocument, throughput } from '../../engine/profile/document.ts';
import { layerBars, memoryPlan, roofline, runs, titleOf } from './charts.ts';
import { STYLE } from './style.ts';
import { bytesText, countText, html, type Markup, percentText, plural, rateText, timeText } from './text.ts';

/** A pass as a report tells of it. */
export interface ReportPass {
  readonly title: string;
  readonly doc: string;
  readonly disabled: boolean;
  readonly applications: number;
  readonly refusals: number;
  readonly nodesBefore: number;
  readonly nodesAfter: number;
  /** Reasons of its refusals, most frequent first. */
  readonly reasons: readonly { readonly text: string; readonly count: number }[];
}

/** What a report is made of; what is not there is left out of the page. */
export interface ReportInput {
  readonly model: {
    readonly name: string;
    readonly format: string;
    readonly hash: string;
    readonly bytes: number;
    readonly operators: number;
  } | null;
  readonly passes: readonly ReportPass[];
  readonly profile: ProfileDocument | null;
  /** The command that rebuilds the engine. */
  readonly command: string | null;
  readonly producer: string;
  readonly written: Date;
}

const BARS = 20;

const stat = (value: string, label: string): Markup => html`<div><b>${value}</b><span>${label}</span></div>`;

function table(
  head: readonly string[],
  rows: readonly (readonly (string | Markup)[])[],
  numeric: ReadonlySet<number>,
): Markup {
  const cls = (i: number): Markup => (numeric.has(i) ? html` class="n"` : html``);
  return html`<div class="wide"><table><thead><tr>${head.map((h, i) => html`<th${cls(i)}>${h}</th>`)}</tr></thead><tbody>
${rows.map(
  (r) => html`<tr>${r.map((c, i) => html`<td${cls(i)}>${c}</td>`)}</tr>
`,
)}</tbody></table></div>`;
}

function summary(r: ReportInput): Markup {
  const { model, profile: d } = r;
  const stats = [
    model && stat(countText(model.operators), 'operators in the model'),
    d && stat(countText(d.layers.length), 'layers in the engine'),
    d && stat(timeText(d.latency.median), 'median latency'),
    d && stat(timeText(d.latency.p99), 'p99'),
    d && stat(countText(Math.round(throughput(d))), 'runs a second'),
    d && stat(bytesText(d.memory.arena), 'activation memory'),
  ];
  return html`<div class="stats">${stats}</div>
${d && html`<p>Measured on ${d.device.name}, ${d.device.kind === 'cpu' ? `${plural(d.threads, 'thread')}, ` : ''}${plural(d.samples.length, 'run')} on random input, ${d.recorded.slice(0, 16).replace('T', ' ')} UTC.</p>`}
${d && onHost(d).length > 0 && html`<p>${plural(onHost(d).length, 'layer runs', 'layers run')} on the CPU: ${timeText(layerSum({ layers: onHost(d) }))}, copies there and back included.</p>`}
${model && html`<p class="muted">${model.format}, ${bytesText(model.bytes)}, sha256 <code>${model.hash}</code></p>`}`;
}

function passes(list: readonly ReportPass[]): Markup | null {
  if (list.length === 0) return null;
  const made = list.reduce((s, p) => s + p.applications, 0);
  const refused = list.reduce((s, p) => s + p.refusals, 0);
  const rows = list.map((p) => [
    html`${p.title}<br><span class="muted">${p.disabled ? 'switched off' : p.doc}</span>`,
    countText(p.applications),
    countText(p.refusals),
    `${countText(p.nodesBefore)} → ${countText(p.nodesAfter)}`,
    p.reasons.length === 0
      ? ''
      : html`${p.reasons.slice(0, 3).map((x) => html`${x.text} <span class="muted">×${x.count}</span><br>`)}`,
  ]);
  return html`<h2>Passes</h2><p>${plural(made, 'application')}, ${plural(refused, 'refusal')}.</p>
${table(['Pass', 'Made', 'Refused', 'Nodes', 'Why not, most often'], rows, new Set([1, 2, 3]))}`;
}

function layers(d: ProfileDocument): Markup {
  const sum = layerSum(d) || 1;
  const title = titleOf(d);
  const names = new Map(d.sources.map((s) => [s.id, s.name || `${s.op} ${s.id}`]));
  const rows = d.layers.map((l) => [
    String(l.layer + 1),
    html`${l.name}<br><span class="muted">${title(l)}</span>`,
    html`<span class="mono">${l.tactic}</span>`,
    timeText(l.median),
    percentText(l.median / sum),
    l.flops > 0 ? rateText((l.flops / Math.max(1, l.median)) * 1e9, 'FLOP/s') : '–',
    rateText((l.bytes / Math.max(1, l.median)) * 1e9, 'B/s'),
    l.roof === null ? '–' : percentText(l.roof / Math.max(1, l.median)),
    l.sources.length > 1
      ? html`<details><summary>${plural(l.sources.length, 'operator')}</summary>${l.sources.map((s) => html`${names.get(s) ?? s}<br>`)}</details>`
      : html`<span class="muted">${names.get(l.sources[0] ?? '') ?? ''}</span>`,
  ]);
  const head = ['#', 'Layer', 'Tactic', 'Median', 'Share', 'Arithmetic', 'Traffic', 'Of ceiling', 'Made from'];
  return html`<h2>Layers</h2>
<p>One by one they take ${timeText(sum)}: with timers between them, so not the engine's time.</p>
${table(head, rows, new Set([0, 3, 4, 5, 6, 7]))}`;
}

function reformats(d: ProfileDocument): Markup | null {
  const conversions = d.layers.filter((l) => l.conversion);
  if (conversions.length === 0) return null;
  const ns = conversions.reduce((s, l) => s + l.median, 0);
  const rows = conversions
    .toSorted((a, b) => b.median - a.median)
    .map((l) => [String(l.layer + 1), l.conversion!.from, l.conversion!.to, l.output.shape, timeText(l.median)]);
  return html`<h2>Reformats</h2><p>${plural(conversions.length, 'layer')} only change how a value is stored: ${timeText(ns)}, ${percentText(ns / (layerSum(d) || 1))} of the layers' time.</p>
${table(['#', 'From', 'To', 'Shape', 'Median'], rows, new Set([0, 4]))}`;
}

/** Operators that no layer computes, and what became of them. */
function gone(d: ProfileDocument): Markup | null {
  const computed = new Set(d.layers.flatMap((l) => l.sources));
  const rows = d.sources.filter((s) => !computed.has(s.id)).map((s) => [s.op, s.name, s.fate]);
  if (rows.length === 0) return null;
  return html`<h2>Operators that need no layer</h2><details><summary>${plural(rows.length, 'operator')}</summary>
${table(['Operator', 'Name', 'What became of it'], rows, new Set())}</details>`;
}

function measured(d: ProfileDocument): Markup {
  const roof = roofline(d);
  const memory = memoryPlan(d);
  return html`<h2>Latency, run by run</h2>${runs(d)}
<h2>Where the time goes</h2>${layerBars(d, BARS)}
${roof && html`<h2>Roofline</h2><p>Layers under the ceilings that the device was measured to have; larger circles take more time. Operations are counted by the plain method, so Winograd kernels can stand above a roof.</p>${roof}`}
${memory && html`<h2>Memory plan</h2><p>${bytesText(d.memory.arena)} for all activations; at least ${bytesText(d.memory.lowerBound)} are alive at once, without reuse it would be ${bytesText(d.memory.withoutReuse)}.</p>${memory}`}`;
}

/** A page that stands alone: no script, no network, nothing beside it. */
export function htmlReport(r: ReportInput): string {
  const name = r.model?.name ?? r.profile?.engine.modelName ?? r.profile?.engine.name ?? 'engine';
  const d = r.profile;
  const body = html`<h1>${name}</h1>
<p class="muted">Optimization report by ${r.producer}, ${r.written.toISOString().slice(0, 10)}</p>
${summary(r)}
${d && measured(d)}
${passes(r.passes)}
${d && reformats(d)}
${d && layers(d)}
${d && gone(d)}
${r.command && html`<h2>Build it again</h2><pre>${r.command}</pre>`}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}: optimization report</title>`;
  return `${page.text}<style>${STYLE}</style></head><body>\n${body.text}\n</body></html>\n`;
}
