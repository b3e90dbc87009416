import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'layers',
  title: 'Layers',
  steps: ['build'],
  place: 'below',
  order: 10,
  size: 300,
  load: () => import('./Layers.tsx'),
});
