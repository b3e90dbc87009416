import { createContext, useContext } from 'react';

export type Mark = 'removed' | 'added' | 'kept' | null;

/** What a canvas adds to its nodes by look-up, never by rebuilding them: diff marks, dimming, colours of an overlay. */
export interface Marks {
  mark(id: string): Mark;
  dim(id: string): boolean;
  /** Whether an overlay may colour the nodes: where colours mean a difference it may not. */
  readonly overlay: boolean;
}
const plain: Marks = { mark: () => null, dim: () => false, overlay: true };
export const MarksContext = createContext<Marks>(plain);
export const useMarks = (): Marks => useContext(MarksContext);
