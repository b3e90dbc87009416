import { Button, CloseButton } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useEffect } from 'react';
import { findCommand } from '../commands/command.ts';
import { dismiss } from '../store/actions/notify.ts';
import type { Notice } from '../store/state.ts';
import { useStudio } from '../store/store.ts';

const ICON = { error: IconCircleX, warning: IconAlertTriangle, info: IconCircleCheck };

function NoticeCard({ notice }: { notice: Notice }) {
  const command = notice.command === undefined ? undefined : findCommand(notice.command);
  const Icon = ICON[notice.severity];
  useEffect(() => {
    if (notice.severity !== 'info') return;
    const timer = setTimeout(() => dismiss(notice.id), 6000);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div className="notice" data-severity={notice.severity} role={notice.severity === 'error' ? 'alert' : 'status'}>
      <Icon size={18} className="notice-icon" />
      <span className="notice-text">{notice.text}</span>
      {command && (
        <Button
          variant="default"
          onClick={() => {
            dismiss(notice.id);
            void command.run();
          }}
        >
          {command.title.replace('…', '')}
        </Button>
      )}
      <CloseButton size="sm" aria-label="Dismiss" onClick={() => dismiss(notice.id)} />
    </div>
  );
}

/** What went wrong or well: one sentence, one button. */
export function Notices() {
  const notices = useStudio((s) => s.notices);
  return (
    <div className="notices">
      {notices.map((n) => (
        <NoticeCard key={n.id} notice={n} />
      ))}
    </div>
  );
}
