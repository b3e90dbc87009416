import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { ImportError } from '../error.ts';

/** A network comes in two files: the description (text) and the weights. */
export interface CaffeFiles {
  readonly network: string | null;
  readonly weights: string | null;
}

const endings = { network: ['.prototxt', '.pbtxt', '.prototext'], weights: ['.caffemodel', '.binaryproto'] } as const;

/**
 * The other file of a pair, in the same folder: the one with the same stem (deploy.prototxt and model_deploy also go
 * together when each is the only one of its kind). Null when there is none or more than one possible.
 */
export function findCompanion(file: string, wanted: 'network' | 'weights'): string | null {
  const folder = dirname(file);
  const stem = basename(file, extname(file));
  for (const ending of endings[wanted]) {
    const same = join(folder, stem + ending);
    if (existsSync(same)) return same;
  }
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return null;
  }
  const matching = names.filter((n) => (endings[wanted] as readonly string[]).includes(extname(n).toLowerCase()));
  if (wanted === 'network') {
    const deploy = matching.filter((n) => /deploy/i.test(n));
    if (deploy.length === 1) return join(folder, deploy[0]!);
  }
  // Solver settings are prototxt files too.
  const likely = matching.filter((n) => !/solver|train|test/i.test(n));
  return likely.length === 1 ? join(folder, likely[0]!) : null;
}

/** Without weights there is nothing to run; the question that the command line and the window ask. */
export function missingWeights(network: string): ImportError {
  return new ImportError(
    'missing-weights',
    `${basename(network)} describes a Caffe network without its weights, and no .caffemodel lies beside it: give the weights file too.`,
  );
}

/** Weights as training saved them: the layers that they list are those of training. */
export const missingNetwork = (weights: string): ImportError =>
  new ImportError(
    'not-a-model',
    `${basename(weights)} holds weights and the network as it was trained, and no description for inference lies beside it: open its .prototxt together with it.`,
  );
