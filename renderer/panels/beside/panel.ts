import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'beside',
  title: 'Side by side',
  steps: ['profile'],
  place: 'center',
  order: 30,
  load: () => import('./Beside.tsx'),
});
