import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'precision',
  title: 'Ranges',
  steps: ['precision'],
  place: 'center',
  order: 5,
  load: () => import('./Precision.tsx'),
});
