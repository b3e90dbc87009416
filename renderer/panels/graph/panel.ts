import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'graph',
  title: 'Graph',
  steps: ['model', 'precision', 'build', 'profile'],
  place: 'center',
  order: 10,
  load: () => import('./Graph.tsx'),
});
