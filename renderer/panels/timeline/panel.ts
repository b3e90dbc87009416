import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'timeline',
  title: 'Timeline',
  steps: ['profile'],
  place: 'below',
  order: 20,
  load: () => import('./Timeline.tsx'),
});
