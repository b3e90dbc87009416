import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'export',
  title: 'Export',
  steps: ['export'],
  place: 'center',
  order: 10,
  load: () => import('./Export.tsx'),
});
