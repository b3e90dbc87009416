/** One line for the person at the terminal: `sinter: …`. */
export const say = (text) => process.stderr.write(`sinter: ${text}\n`);

/** Ends the process with one sentence and no stack. */
export function fail(text, code = 1) {
  say(text);
  process.exit(code);
}
