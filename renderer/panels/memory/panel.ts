import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'memory',
  title: 'Memory',
  steps: ['profile'],
  place: 'below',
  order: 30,
  load: () => import('./Memory.tsx'),
});
