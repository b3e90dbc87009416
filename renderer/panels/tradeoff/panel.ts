import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'tradeoff',
  title: 'Plans',
  steps: ['precision'],
  place: 'right',
  order: 10,
  size: 330,
  load: () => import('./TradeOff.tsx'),
});
