import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'inspector',
  title: 'Inspector',
  steps: ['model', 'passes', 'precision', 'build', 'profile'],
  place: 'right',
  order: 20,
  size: 310,
  load: () => import('./Inspector.tsx'),
});
