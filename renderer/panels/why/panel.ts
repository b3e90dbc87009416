import { definePanel } from '../panel.ts';

export default definePanel({
  id: 'why',
  title: 'Why?',
  steps: ['passes'],
  place: 'right',
  order: 10,
  size: 310,
  load: () => import('./Why.tsx'),
});
