import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'roofline',
  title: 'Roofline',
  steps: ['profile'],
  place: 'center',
  order: 20,
  load: () => import('./Roofline.tsx'),
});
