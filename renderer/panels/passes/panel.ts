import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'passes',
  title: 'Passes',
  steps: ['passes'],
  place: 'left',
  order: 10,
  size: 320,
  load: () => import('./Passes.tsx'),
});
