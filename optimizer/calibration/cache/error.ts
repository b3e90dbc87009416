/** A calibration cache that cannot be used: one sentence that names the file and what to do. */
export class CalibrationFileError extends Error {
  override readonly name = 'CalibrationFileError';
}
