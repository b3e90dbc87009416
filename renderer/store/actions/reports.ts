import { layoutScene } from '../../graph/layout/layout.ts';
import { graphPicture, picturePng, pictureSvg } from '../../graph/picture.ts';
import { makeScene } from '../../graph/scene.ts';
import { host } from '../../host/connection.ts';
import { shell } from '../../host/shell.ts';
import { DARK, LIGHT } from '../../ui/tokens.ts';
import { busy } from '../idle.ts';
import { drawsLayers, finalPoint, INITIAL } from '../state.ts';
import { get } from '../store.ts';
import { notify, sentence, wasCancelled } from './notify.ts';
import { loadView } from './views.ts';

const stem = (): string =>
  (get().model?.name ?? get().profile?.title ?? 'graph').replace(/\.[^.]+$/, '').replace(' #', '-');

/** The HTML report of what is open: passes of the model, the shown profile, or both. */
export async function exportReport(command: string | null): Promise<void> {
  const { model, profile } = get();
  if (!model && !profile)
    return notify('warning', 'There is nothing to report on yet; open a model first.', 'file.open');
  // A profile of another model is not this one's.
  const mine = profile && (!model || profile.engine.modelHash === model.hash) ? profile : null;
  const name = `${stem()}.report.html`;
  const path = await shell().pickSave({ title: 'Export report', name, extension: 'html', kind: 'Web page' });
  if (path === null) return;
  try {
    const params = { model: model?.model ?? null, profile: mine?.id ?? null, command, path };
    const { bytes } = await busy(host().exportReport(params));
    notify('info', `Wrote ${path} (${(bytes / 1e3).toFixed(0)} kB).`);
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e));
  }
}

/** The graph that stands on the canvas, as a file: groups as they are open, in the colours of the overlay. */
export async function exportPicture(format: 'svg' | 'png'): Promise<void> {
  const s = get();
  const layers = s.profile !== null && (s.step === 'profile' || s.model === null) && drawsLayers(s);
  const view = layers
    ? s.layerGraphs[s.profile!.id]
    : await loadView(s.step === 'model' || s.step === 'passes' ? INITIAL : finalPoint(s.trace));
  if (!view) return notify('warning', 'There is no graph to draw yet; open a model first.', 'file.open');
  const path = await shell().pickSave({
    title: 'Export picture of the graph',
    name: `${stem()}.${format}`,
    extension: format,
    kind: format === 'svg' ? 'Vector picture' : 'Picture',
  });
  if (path === null) return;
  try {
    const scheme = document.documentElement.dataset.mantineColorScheme === 'dark' ? 'dark' : 'light';
    const scene = makeScene(view, s.expanded);
    const layout = await busy(layoutScene(scene));
    const picture = graphPicture(scene, layout, s, { tokens: scheme === 'dark' ? DARK : LIGHT, scheme });
    const bytes = format === 'svg' ? new TextEncoder().encode(pictureSvg(picture)) : await busy(picturePng(picture));
    await busy(shell().writePicture(path, bytes));
    notify('info', `Wrote ${path} (${(bytes.length / 1e3).toFixed(0)} kB).`);
  } catch (e) {
    notify('error', sentence(e));
  }
}
