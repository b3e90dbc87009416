import ELK, { type ElkNode } from 'elkjs/lib/elk-api.js';
import elkWorkerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { LAYER_GAP, type Level, type LevelLayout, NODE_GAP } from './level.ts';

/** Past this, a level is drawn by the fast layout instead. */
const LIMIT_MS = 500;
export const ELK_MAX = 120;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'POLYLINE',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.spacing.nodeNode': String(NODE_GAP),
  'elk.spacing.edgeNode': '14',
  'elk.layered.spacing.nodeNodeBetweenLayers': String(LAYER_GAP),
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.randomSeed': '1',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
};

type Engine = InstanceType<typeof ELK>;
let engine: { readonly elk: Engine; readonly worker: Worker } | null = null;

function start(): { elk: Engine; worker: Worker } {
  const worker = new Worker(elkWorkerUrl);
  return { elk: new ELK({ workerFactory: () => worker }), worker };
}

function toElk(level: Level): ElkNode {
  return {
    id: 'root',
    layoutOptions: OPTIONS,
    children: level.sizes.map(([width, height], i) => ({ id: `n${i}`, width, height })),
    edges: level.edges.map(([a, b], i) => ({ id: `e${i}`, sources: [`n${a}`], targets: [`n${b}`] })),
  };
}

function fromElk(level: Level, done: ElkNode): LevelLayout {
  const at = level.sizes.map((_, i) => {
    const c = done.children?.[i];
    return { x: c?.x ?? 0, y: c?.y ?? 0 };
  });
  const bends = level.edges.map(
    (_, i) => done.edges?.[i]?.sections?.[0]?.bendPoints?.map(({ x, y }) => ({ x, y })) ?? [],
  );
  return { at, bends, width: done.width ?? 0, height: done.height ?? 0 };
}

/** ELK's layered algorithm in its own worker; null when it takes too long (the worker is then replaced). */
export async function elkLayout(level: Level): Promise<LevelLayout | null> {
  if (typeof Worker === 'undefined') return null;
  engine ??= start();
  const mine = engine;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), LIMIT_MS + level.sizes.length);
  });
  const done = await Promise.race([mine.elk.layout(toElk(level)), late]).catch(() => null);
  clearTimeout(timer);
  if (done === null) {
    mine.worker.terminate();
    if (engine === mine) engine = null;
    return null;
  }
  return fromElk(level, done);
}
