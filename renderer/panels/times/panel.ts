import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'times',
  title: 'Layers by time',
  steps: ['profile'],
  place: 'below',
  order: 10,
  size: 290,
  load: () => import('./Times.tsx'),
});
