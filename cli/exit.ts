/** Exit codes, documented in `sinter --help`. */
export const EXIT = {
  ok: 0,
  /** The runtime or the system failed while doing something valid. */
  failed: 1,
  /** Wrong usage, or a file that is not what it should be. */
  input: 2,
  /** `compare`: outputs differ by more than the tolerance. */
  differs: 3,
  /** Ctrl+C. */
  cancelled: 130,
} as const;

/** A mistake that the person at the keyboard can mend: one sentence, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
