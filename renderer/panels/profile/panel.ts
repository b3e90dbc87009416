import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({
  id: 'profile',
  title: 'Profile',
  steps: ['profile'],
  place: 'left',
  order: 10,
  size: 310,
  load: () => import('./Profile.tsx'),
});
