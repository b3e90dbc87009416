import { capturedConstants } from './clean-up/captured-constants.ts';
import { commonSubexpression } from './clean-up/common-subexpression.ts';
import { constantCondition } from './clean-up/constant-condition.ts';
import { dead } from './clean-up/dead.ts';
import { foldConstant } from './clean-up/fold-constant.ts';
import { identities } from './clean-up/identities.ts';
import type { Pass } from './pass.ts';

export const cleanUp: Pass = {
  name: 'clean-up',
  title: 'Clean-up',
  doc:
    'Computes what only depends on constants, drops operators that change nothing or whose result nobody reads, and ' +
    'computes equal things once. Exporters leave many of these behind; without them every later pass sees more.',
  measure: 'number of nodes',
  rules: [dead, foldConstant, constantCondition, capturedConstants, ...identities, commonSubexpression],
};
