/** What went wrong with a model; callers decide on the code, people read the message. */
export type ImportErrorCode =
  | 'not-found'
  | 'not-a-model'
  | 'truncated'
  | 'unsupported-version'
  | 'unsupported-feature'
  | 'missing-external-data'
  | 'missing-shape'
  | 'missing-weights'
  | 'external-data-outside'
  | 'bad-tensor'
  | 'duplicate-value'
  | 'undefined-value'
  | 'cyclic'
  | 'invalid-operator'
  | 'bad-shape'
  | 'cancelled';

/** A model that cannot be imported. The message is one sentence that names the problem, and the node or file. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;
  /** For `missing-shape`: the inputs that the user has to give shapes for. */
  readonly inputs: readonly string[];
  constructor(code: ImportErrorCode, message: string, inputs: readonly string[] = []) {
    // Names come from the file: line breaks and control characters in them must not reach a terminal.
    super(message.replace(/\p{Cc}/gu, ' '));
    this.code = code;
    this.inputs = inputs;
  }
}
