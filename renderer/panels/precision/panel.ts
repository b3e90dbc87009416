import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'precision',
  title: 'Precision',
  steps: ['precision'],
  place: 'center',
  order: 10,
  load: () => import('./Precision.tsx'),
});
