import { it } from 'vitest';
import { checkQuantized } from './check.ts';
it('x', async () => {
for (const f of (process.env.QF ?? '').split(' ')) {
  try {
    const r = await checkQuantized(f, JSON.parse(process.env.QS ?? '{}'));
    console.log(f, 'within', r.withinStep, 'equal', r.equal, 'worst', r.worst, 'layers', r.report.layers.length);
    if (process.env.V) for (const l of r.report.layers) console.log('   ', l.name, l.tactic);
  } catch (e) { console.log(f, 'FAILED', (e as Error).stack?.slice(0, 600)); }
}
}, 600000);
