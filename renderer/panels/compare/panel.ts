import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'compare',
  title: 'Before and after',
  steps: ['passes'],
  place: 'center',
  order: 10,
  load: () => import('./Compare.tsx'),
});
