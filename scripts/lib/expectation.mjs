// The committed outcome of the standard's cases: it may only get better.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

export const EXPECTED = path.join(ROOT, 'test/conformance/expected.json');

/**
 * Sentences about what differs from the expectation; none when all is as committed.
 * @param {{optimize: boolean, passed: number, skipped: number, failures: {name: string, reason: string}[]}} report
 */
export function differences(report) {
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8'));
  const out = [];
  const failed = new Map(report.failures.map((f) => [f.name, f.reason]));
  for (const [name, reason] of failed) {
    if (!(name in expected.failures)) out.push(`${name} fails, which it did not: ${reason}`);
  }
  const better = Object.keys(expected.failures).filter((name) => !failed.has(name));
  if (better.length > 0) out.push(`${better.join(', ')} passes now: take it out of test/conformance/expected.json`);
  if (report.skipped !== expected.skipped)
    out.push(`${report.skipped} cases are skipped instead of ${expected.skipped}`);
  if (report.passed < expected.passed) out.push(`${report.passed} cases pass instead of ${expected.passed}`);
  if (report.passed > expected.passed) {
    out.push(
      `${report.passed} cases pass, more than the ${expected.passed} of test/conformance/expected.json: raise it`,
    );
  }
  return out;
}
