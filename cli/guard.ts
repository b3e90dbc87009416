import { systemSentence } from '../optimizer/systemErrors.ts';
import { EXIT, UsageError } from './exit.ts';
import { stopSignal } from './stop.ts';

/** Error classes whose message is a sentence for people; everything else is a fault of ours and says so. */
const INPUT_ERRORS = new Set([
  'UsageError',
  'ImportError',
  'BuildError',
  'OpError',
  'NpyError',
  'DataError',
  'CalibrationFileError',
  'EngineFileError',
  'ProfileFileError',
  'TimingCacheError',
  'InferError',
  'CycleError',
  'PluginError',
]);

/** Runtime failures whose cause is the file or the data given; names of native/core/error.h. */
const INPUT_CODES = new Set(['format', 'truncated', 'corrupt', 'feature', 'device', 'shape', 'type', 'argument']);

/** Runs a command; failures become one line on stderr and an exit code. */
export async function guarded(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (stopSignal().aborted) {
      process.stderr.write('sinter: cancelled\n');
      return EXIT.cancelled;
    }
    const e = error instanceof Error ? error : new Error(String(error));
    if (INPUT_ERRORS.has(e.name) || e instanceof UsageError) {
      process.stderr.write(`sinter: ${e.message}\n`);
      return EXIT.input;
    }
    if (e.name === 'RuntimeFailure') {
      const where = 'layer' in e && typeof e.layer === 'string' && e.layer !== '' ? ` (layer ${e.layer})` : '';
      process.stderr.write(`sinter: ${e.message}${e.message.includes('layer') ? '' : where}\n`);
      return 'code' in e && INPUT_CODES.has(String(e.code)) ? EXIT.input : EXIT.failed;
    }
    const system = systemSentence(error);
    if (system !== null) {
      process.stderr.write(`sinter: ${system}\n`);
      return EXIT.input;
    }
    process.stderr.write(`sinter: ${e.message}\n`);
    if (process.env.SINTER_DEBUG) process.stderr.write(`${e.stack}\n`);
    return EXIT.failed;
  }
}
