import { describe, expect, it } from 'vitest';
import { htmlReport, type ReportInput } from '../../optimizer/exporters/html/report.ts';
import { readFixture } from '../support/profiles.ts';

const nothing: ReportInput = {
  model: null,
  passes: [],
  profile: null,
  command: null,
  producer: 'sinter',
  written: new Date('2026-01-02T00:00:00Z'),
};
const profile = readFixture('googlenet-int8');

describe('the HTML report', () => {
  it('needs no network, no script and no file beside it', () => {
    const page = htmlReport({ ...nothing, profile });
    expect(page).not.toMatch(/https?:|<script|<link|\bsrc=|\bhref=|@import|url\((?!#)/);
    expect(page.startsWith('<!doctype html>')).toBe(true);
  });

  it('tells of every layer, of reformats, the roofline and the memory plan', () => {
    const page = htmlReport({ ...nothing, profile });
    for (const heading of ['Layers', 'Reformats', 'Roofline', 'Memory plan', 'Where the time goes']) {
      expect(page).toContain(`<h2>${heading}</h2>`);
    }
    const rows = page.slice(page.indexOf('<h2>Layers</h2>')).split('</table>')[0]!.match(/<tr>/g);
    expect(rows).toHaveLength(profile.layers.length + 1);
    expect(page.match(/class="point"/g)).toHaveLength(profile.layers.filter((l) => l.flops > 0).length);
  });

  it('of a GPU names no threads, and counts the layers that run on the CPU', () => {
    const card = readFixture('googlenet-h100-fp16');
    expect(htmlReport({ ...nothing, profile: card })).toContain(
      'Measured on NVIDIA H100 80GB HBM3, 300 runs on random input',
    );
    const [first, ...others] = card.layers;
    const layers = [{ ...first!, tactic: 'cpu:f32_conv2d__avx512_14x32', median: 2e6 }, ...others];
    const page = htmlReport({ ...nothing, profile: { ...card, layers } });
    expect(page).toContain('1 layer runs on the CPU: 2.00 ms, copies there and back included.');
    expect(htmlReport({ ...nothing, profile })).not.toContain('on the CPU:');
  });

  it('leaves out what was not measured', () => {
    const page = htmlReport({
      ...nothing,
      profile: { ...profile, ceilings: null, layers: profile.layers.filter((l) => !l.conversion) },
    });
    expect(page).not.toContain('<h2>Roofline</h2>');
    expect(page).not.toContain('<h2>Reformats</h2>');
  });

  it('tells what the passes did and why not more, without a profile too', () => {
    const page = htmlReport({
      ...nothing,
      model: { name: 'net.onnx', format: 'ONNX', hash: 'abc', bytes: 10, operators: 9 },
      passes: [
        {
          title: 'Vertical <fusion>',
          doc: '',
          disabled: false,
          applications: 3,
          refusals: 2,
          nodesBefore: 9,
          nodesAfter: 6,
          reasons: [{ text: 'The output is used by 2 consumers.', count: 2 }],
        },
      ],
      command: 'npx sinter build "net.onnx"',
    });
    expect(page).toContain('Vertical &lt;fusion&gt;');
    expect(page).toContain('9 → 6');
    expect(page).toContain('The output is used by 2 consumers.');
    expect(page).toContain('npx sinter build &quot;net.onnx&quot;');
    expect(page).not.toContain('<h2>Layers</h2>');
  });
});
