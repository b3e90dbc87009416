import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createServices } from '../../electron/host/services/studio.ts';
import { contract } from '../../electron/ipc/contract.ts';
import { layerIds } from '../../optimizer/engine/profile/compare/profile.ts';
import { readProfileFile } from '../../optimizer/engine/profile/file.ts';
import { profileFixture, readFixture } from '../support/profiles.ts';
import { inceptionGraph, syntheticParts } from '../support/synthetic.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'sinter-profiles-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const host = createServices(
  syntheticParts(() => inceptionGraph(1)),
  { cacheDir: dir, calibrationDir: dir, isCancelled: () => false, onJob: () => undefined, onLog: () => undefined },
);
const open = () => host.openProfile({ path: profileFixture('googlenet-int8') });

describe('profiles in the engine host', () => {
  it('open without runtime, model and device, whole', async () => {
    const p = await open();
    expect(contract.openProfile.result.parse(p)).toEqual(p);
    expect(p).toMatchObject({
      title: 'googlenet-int8',
      measuredOn: null,
      layers: readFixture('googlenet-int8').layers,
    });
  });

  it('are drawn as the graph of their layers', async () => {
    const p = await open();
    const view = contract.profileGraph.result.parse(await host.profileGraph({ profile: p.id }));
    const ops = view.nodes.filter((n) => n.kind === 'op');
    expect(ops.map((n) => n.sources)).toEqual(p.layers.map((l) => layerIds(p, l)));
    expect(view.nodes.at(0)!.kind).toBe('input');
    expect(view.nodes.at(-1)!.kind).toBe('output');
    const fed = new Set<number>();
    for (let i = 0; i < view.labels.length; i++) {
      expect(view.edges[2 * i]).toBeLessThan(view.edges[2 * i + 1]!);
      fed.add(view.edges[2 * i + 1]!);
    }
    // Everything but the inputs is fed by something.
    expect(fed.size).toBe(view.nodes.filter((n) => n.kind !== 'input').length);
  });

  it('are written in every format', async () => {
    const p = await open();
    const write = async (format: 'sinterprofile' | 'csv' | 'json' | 'trace'): Promise<string> => {
      const to = path.join(dir, `out.${format}`);
      const { bytes } = await host.exportProfile({ profile: p.id, format, path: to });
      const text = readFileSync(to, 'utf8');
      expect(Buffer.byteLength(text)).toBe(bytes);
      return text;
    };
    await write('sinterprofile');
    expect(readProfileFile(path.join(dir, 'out.sinterprofile'))).toEqual(readFixture('googlenet-int8'));
    expect((await write('csv')).trimEnd().split('\r\n')).toHaveLength(p.layers.length + 1);
    expect(JSON.parse(await write('json')).layers).toHaveLength(p.layers.length);
    expect(JSON.parse(await write('trace')).traceEvents.length).toBeGreaterThan(p.layers.length);
  });

  it('are told of in a report, with the passes of a model', async () => {
    const p = await open();
    const { model } = await host.open({ path: '/m.onnx', job: 'a' });
    await host.optimize({ model, switches: { passes: [], applications: [] }, job: 'b' });
    const to = path.join(dir, 'report.html');
    await host.exportReport({ model, profile: p.id, command: 'sinter build m.onnx', path: to });
    const page = readFileSync(to, 'utf8');
    for (const words of ['Vertical fusion', 'sinter build m.onnx', 'conv2/3x3']) expect(page).toContain(words);
  });

  it('are taken over from the window after a crash, under their own names', async () => {
    const p = await open();
    const next = createServices(
      syntheticParts(() => inceptionGraph(1)),
      { cacheDir: dir, calibrationDir: dir, isCancelled: () => false, onJob: () => undefined, onLog: () => undefined },
    );
    await next.adoptProfile({ profile: p });
    expect((await next.profileGraph({ profile: p.id })).nodes.length).toBeGreaterThan(p.layers.length);
    expect((await next.openProfile({ path: profileFixture('googlenet-fp32') })).id).not.toBe(p.id);
  });

  it('are refused in one sentence when they are something else, and gone once closed', async () => {
    const wrong = path.join(dir, 'wrong.sinterprofile');
    writeFileSync(wrong, '[]');
    await expect(host.openProfile({ path: wrong })).rejects.toThrow(`${wrong} is not a profile written by Sinter`);
    const p = await open();
    await host.closeProfile({ profile: p.id });
    await expect(host.profileGraph({ profile: p.id })).rejects.toMatchObject({ code: 'no-profile' });
    await expect(
      host.exportProfile({ profile: (await open()).id, format: 'csv', path: path.join(dir, 'no/such/folder.csv') }),
    ).rejects.toMatchObject({ code: 'write' });
  });
});
