import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'ranking',
  title: 'Layers by accuracy',
  steps: ['precision'],
  place: 'below',
  order: 10,
  size: 250,
  load: () => import('./Ranking.tsx'),
});
