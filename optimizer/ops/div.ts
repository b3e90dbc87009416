import { divide } from './common/data.ts';
import { binary } from './common/pointwise.ts';

export default binary('Div', { since: [1, 6, 7, 13, 14], data: ([x, y], ctx) => divide(ctx, x!, y!) });
