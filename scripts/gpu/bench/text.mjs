// Rows as lines.
const title = (r) => `${r.model} b${r.batch} ${r.precision}`.padEnd(24);
const compared = (r) =>
  r.maxAbs === undefined
    ? 'not compared'
    : `${r.equal ? 'equal' : 'DIFFERENT'}: abs ${r.maxAbs.toExponential(1)} rel ${r.maxRel.toExponential(1)} cos ${r.cosine.toFixed(6)}`;
const seconds = (ms) => (ms / 1000).toFixed(1);

export const builtText = (r) =>
  r.error && r.layers === undefined
    ? `${title(r)} ${r.error}`
    : `${title(r)} built in ${r.buildSeconds.toFixed(1)} s (${r.timed} tactics compiled in ${seconds(r.milliseconds.compile)}, timed in ${seconds(r.milliseconds.time)}), ${r.error ?? compared(r)}`;

export const timedText = (r) =>
  r.median === undefined
    ? `${title(r)} ${r.error}`
    : `${title(r)} ${r.median.toFixed(3).padStart(8)} ms (min ${r.min.toFixed(3)})  ${r.layers} layers, ${r.reformats} reformats, ${r.onCpu} on the CPU, ${(r.arena / 2 ** 20).toFixed(2)} MiB, built in ${r.buildSeconds.toFixed(1)} s, ${r.error ?? compared(r)}${r.sameBytes === undefined ? '' : `; again in ${r.secondBuildSeconds.toFixed(1)} s, ${r.sameBytes ? 'same bytes' : 'OTHER BYTES'}`}`;
