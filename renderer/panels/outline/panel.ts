import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'outline',
  title: 'Outline',
  steps: ['model'],
  place: 'left',
  order: 10,
  size: 290,
  load: () => import('./Outline.tsx'),
});
