/** Every operator definition of this folder; made from its files while bundling (scripts/lib/operators.mjs). */
declare module 'sinter:operators' {
  export const OPS: readonly import('./op.ts').OpDef[];
}
