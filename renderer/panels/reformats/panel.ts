import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'reformats',
  title: 'Reformats',
  steps: ['profile'],
  place: 'below',
  order: 40,
  load: () => import('./Reformats.tsx'),
});
