import { Tooltip, UnstyledButton } from '@mantine/core';
import {
  IconAdjustmentsHorizontal,
  IconChartBar,
  IconHammer,
  IconHome,
  IconPackageExport,
  IconSitemap,
  IconStack2,
} from '@tabler/icons-react';
import { findCommand } from '../commands/command.ts';
import { RAIL } from '../commands/core.ts';
import { keysText } from '../commands/keys.ts';
import { calibrationStale, measuring } from '../store/precision.ts';
import { isStale, type Step, type StudioState } from '../store/state.ts';
import { set, useStudio } from '../store/store.ts';

const ICONS = {
  start: IconHome,
  model: IconSitemap,
  passes: IconStack2,
  precision: IconAdjustmentsHorizontal,
  build: IconHammer,
  profile: IconChartBar,
  export: IconPackageExport,
} satisfies Record<Step, typeof IconHome>;

type Mark = 'none' | 'done' | 'busy' | 'stale';
const MARK_WORD: Record<Mark, string> = { none: '', done: ', done', busy: ', running', stale: ', out of date' };

function markOf(step: Step, s: StudioState): Mark {
  switch (step) {
    case 'model':
      return s.opening !== null ? 'busy' : s.model ? 'done' : 'none';
    case 'passes':
      return s.optimizing ? 'busy' : s.trace ? 'done' : 'none';
    case 'build':
      return s.building !== null ? 'busy' : isStale(s) ? 'stale' : s.build ? 'done' : 'none';
    case 'profile':
      return s.profiling !== null ? 'busy' : s.profile && isStale(s) ? 'stale' : s.profile ? 'done' : 'none';
    case 'precision':
      if (measuring(s)) return 'busy';
      return calibrationStale(s) ? 'stale' : s.precision.calibration ? 'done' : 'none';
    default:
      return 'none';
  }
}

function RailStep({ step, title, hint }: (typeof RAIL)[number]) {
  const active = useStudio((s) => s.step === step);
  const mark = useStudio((s) => markOf(step, s));
  const Icon = ICONS[step];
  const keys = keysText(findCommand(`step.${step}`)?.keys ?? '');
  return (
    <Tooltip label={`${hint} (${keys})`} position="right">
      <UnstyledButton
        className="rail-step"
        data-active={active}
        data-step={step}
        aria-current={active ? 'step' : undefined}
        aria-label={title + MARK_WORD[mark]}
        onClick={() => set({ step })}
      >
        <span className="rail-icon">
          <Icon size={20} stroke={1.6} />
          {mark !== 'none' && <span className="rail-mark" data-mark={mark} />}
        </span>
        {title}
      </UnstyledButton>
    </Tooltip>
  );
}

/** The steps of the work, and how far each is. */
export function Rail() {
  return (
    <nav className="rail" aria-label="Steps">
      {RAIL.map((r) => (
        <RailStep key={r.step} {...r} />
      ))}
    </nav>
  );
}
