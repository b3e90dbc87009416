import { ActionIcon, Tooltip } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { PluginEntry } from '../../../electron/ipc/schemas/plugins.ts';
import { loadPlugins, removePlugin } from '../../store/actions/plugins.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty, Loading, Section } from '../../ui/Frame.tsx';
import './plugins.css';

function Row({ plugin }: { plugin: PluginEntry }) {
  return (
    <li>
      <div className="plugin-head">
        <b>{plugin.name}</b>
        <span className="muted">{plugin.version}</span>
        <span className="spacer" />
        <Tooltip label="Remove">
          <ActionIcon
            variant="subtle"
            size="sm"
            aria-label={`Remove ${plugin.name}`}
            onClick={() => void removePlugin(plugin.name)}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </Tooltip>
      </div>
      {plugin.description !== '' && <p>{plugin.description}</p>}
      {plugin.error !== null && <p role="alert">{plugin.error}</p>}
      {plugin.operators.map((o) => (
        <code key={o}>{o}</code>
      ))}
    </li>
  );
}

/** Users' own operators: which are registered, and a way to add and remove them. */
export default function Plugins() {
  const list = useStudio((s) => s.plugins);
  const adding = useStudio((s) => s.addingPlugin);
  const ready = useStudio((s) => s.connection === 'ready');
  useEffect(() => {
    if (ready) void loadPlugins();
  }, [ready]);
  if (adding) return <Loading text="Compiling the plugin…" />;
  if (!list) return <Loading text="Looking for plugins…" />;
  if (list.plugins.length === 0) {
    return (
      <Empty
        text="A plugin gives models an operator that nobody else knows: a folder with plugin.json and C++ source."
        command="plugins.add"
      />
    );
  }
  return (
    <div className="plugins">
      <Section title="Registered" aside={<CommandButton command="plugins.add" label="Add…" />}>
        <ul aria-label="Plugins">
          {list.plugins.map((p) => (
            <Row key={p.name} plugin={p} />
          ))}
        </ul>
      </Section>
    </div>
  );
}
