import { definePanel } from '../panel.ts';
import './commands.ts';

export default definePanel({ id: 'build', title: 'Build', steps: ['build'], place: 'left', order: 10, size: 300, load: () => import('./Build.tsx') });
