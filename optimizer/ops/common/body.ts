import type { InferContext } from '../op.ts';

/**
 * If, Loop and Scan own closed subgraphs: what a body reads from outside is listed after the operator's own inputs, and
 * the body's inputs end with the matching values. `captures` says how many.
 */
export const captureCount = (ctx: InferContext): number => (ctx.node.attrs.captures as number | undefined) ?? 0;
