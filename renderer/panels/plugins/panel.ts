import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'plugins',
  title: 'Plugins',
  steps: ['model', 'build'],
  place: 'left',
  order: 30,
  size: 290,
  load: () => import('./Plugins.tsx'),
});
