import { Button, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { findCommand } from '../commands/command.ts';
import { keysText } from '../commands/keys.ts';
import { useStudio } from '../store/store.ts';

interface Props {
  readonly command: string;
  readonly label?: string;
  readonly icon?: ReactNode;
  readonly primary?: boolean;
}

/** A button that is a command: its title, shortcut and availability come from there. */
export function CommandButton({ command, label, icon, primary = false }: Props) {
  const c = findCommand(command);
  const enabled = useStudio((s) => c?.when(s) ?? false);
  if (!c) return null;
  return (
    <Tooltip label={`${c.title}${c.keys ? ` (${keysText(c.keys)})` : ''}`}>
      <Button
        variant={primary ? 'filled' : 'default'}
        leftSection={icon}
        disabled={!enabled}
        data-command={command}
        onClick={() => void c.run()}
      >
        {label ?? c.title.replace('…', '')}
      </Button>
    </Tooltip>
  );
}
