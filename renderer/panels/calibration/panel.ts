import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'calibration',
  title: 'Calibration',
  steps: ['precision'],
  place: 'left',
  order: 10,
  size: 320,
  load: () => import('./Calibration.tsx'),
});
