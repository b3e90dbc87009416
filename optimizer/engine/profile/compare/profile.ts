import type { ProfileDocument, ProfileLayer } from '../document.ts';

/** A profile among those that are compared. */
export type ComparedProfile = ProfileDocument & {
  /** Unique among them. */
  readonly id: string;
  readonly title: string;
};
export type ComparedLayer = ProfileLayer;

/**
 * What a layer is selected and hovered by: the operators it computes, or a name of its own where it computes none (a
 * reformat), so that every table, lane and chart can point at it.
 */
export const layerIds = (profile: { readonly id: string }, l: Pick<ProfileLayer, 'layer' | 'sources'>): string[] =>
  l.sources.length > 0 ? [...l.sources] : [`${profile.id}/layer:${l.layer}`];
