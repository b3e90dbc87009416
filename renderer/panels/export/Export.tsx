import { ActionIcon, Tooltip } from '@mantine/core';
import { IconCopy, IconFileExport, IconFileText, IconPackageExport, IconPhoto } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { shell } from '../../host/shell.ts';
import { threadsOf } from '../../store/actions/engine.ts';
import { notify } from '../../store/actions/notify.ts';
import { calibrationStale } from '../../store/precision.ts';
import { isStale, rangesKey } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, plural, timeText } from '../../ui/format.ts';
import { cliCommands, whereItRuns } from './command.ts';

function Card({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <article className="card" aria-label={title}>
      <h3>{title}</h3>
      <p className="muted">{text}</p>
      <div className="card-foot">{children}</div>
    </article>
  );
}

function EngineCard() {
  const build = useStudio((s) => s.build);
  const stale = useStudio(isStale);
  const median = useStudio((s) =>
    s.profile && s.profile.measuredOn === s.build?.engine ? s.profile.latency.median : null,
  );
  const text = build
    ? `${plural(build.report.layers.length, 'layer')}, ${bytesText(build.report.engine.bytes)}${median === null ? '' : `, ${timeText(median)} median here`}. ${whereItRuns(
        build.report.device,
        build.report.layers.map((l) => l.tactic),
      )}`
    : 'Kernels, memory plan and weights in one file that runs without the framework the model came from.';
  return (
    <Card title="Engine (.sinter)" text={text}>
      {build ? (
        <CommandButton command="export.engine" icon={<IconPackageExport size={14} />} primary />
      ) : (
        <CommandButton command="run.all" primary />
      )}
      {stale && <CommandButton command="run.build" label="Rebuild first" />}
    </Card>
  );
}

function CalibrationCard() {
  const c = useStudio((s) => s.precision.calibration);
  return (
    <Card
      title="Calibration cache"
      text={
        c
          ? `Ranges of ${plural(c.tensors.length, 'tensor')}, with your thresholds: ours keeps the histograms; TensorRT's holds the scales alone.`
          : 'The ranges that INT8 needs; the Precision step finds them from sample data.'
      }
    >
      {c ? (
        <>
          <CommandButton command="export.calibration" label="Export…" icon={<IconFileExport size={14} />} primary />
          <CommandButton command="export.tensorrt" label="For TensorRT…" icon={<IconFileExport size={14} />} />
        </>
      ) : (
        <CommandButton command="step.precision" />
      )}
    </Card>
  );
}

function QdqCard() {
  const has = useStudio((s) => s.precision.calibration !== null);
  return (
    <Card
      title="Quantized ONNX (QDQ)"
      text="The optimized graph with QuantizeLinear and DequantizeLinear, by your ranges and pins: int8 for TensorRT and Sinter, uint8 for ONNX Runtime."
    >
      {has ? (
        <>
          <CommandButton command="export.qdq" label="int8…" icon={<IconFileExport size={14} />} primary />
          <CommandButton command="export.qdqUint8" label="uint8…" icon={<IconFileExport size={14} />} />
        </>
      ) : (
        <CommandButton command="step.precision" />
      )}
    </Card>
  );
}

function CommandCard() {
  const model = useStudio((s) => s.model);
  const given = useStudio((s) => s.given);
  const choices = useStudio((s) => s.choices);
  const calibration = useStudio((s) => s.precision.calibration);
  const stale = useStudio(calibrationStale);
  const exported = useStudio((s) => (s.precision.exported?.key === rangesKey(s) ? s.precision.exported.path : null));
  if (!model) return null;
  const { lines, needs } = cliCommands({ ...model, given }, choices, threadsOf(), calibration, exported, stale);
  const command = lines.join('\n');
  const copy = async (): Promise<void> => {
    await shell().copy(command);
    notify('info', 'Copied the command.');
  };
  return (
    <article className="card card-wide" aria-label="Command line">
      <h3>
        Command line
        <span className="spacer" />
        <Tooltip label="Copy">
          <ActionIcon aria-label="Copy the command" onClick={() => void copy()}>
            <IconCopy size={16} />
          </ActionIcon>
        </Tooltip>
      </h3>
      <p className="muted">Builds the same engine, with the same switches and precision, in the repository's folder:</p>
      <pre className="command selectable" data-testid="command">
        {command}
      </pre>
      {needs === 'calibration' && (
        <div className="card-foot">
          <span className="stale-note">These ranges are in no file yet that the command could read.</span>
          <CommandButton command="export.calibration" label="Export them…" />
        </div>
      )}
    </article>
  );
}

function ProfileCard() {
  const profile = useStudio((s) => s.profile);
  return (
    <Card
      title="Profile (.sinterprofile)"
      text={
        profile
          ? `${profile.title}: every run, layer and ceiling in one file that opens here on any machine, without the model or the device. Also as a table, as JSON, and as a timeline for Chrome and Perfetto.`
          : 'Where the time goes, as a file that opens on any machine; run the engine first.'
      }
    >
      {profile ? (
        <>
          <CommandButton command="export.profile" label="Save…" icon={<IconFileExport size={14} />} primary />
          <CommandButton command="export.profileCsv" label="CSV…" />
          <CommandButton command="export.profileJson" label="JSON…" />
          <CommandButton command="export.profileTrace" label="Trace…" />
        </>
      ) : (
        <CommandButton command="run.profile" />
      )}
    </Card>
  );
}

/** What can be told of whatever is open: the page and the pictures. */
function TellingCards() {
  return (
    <>
      <Card
        title="Report (HTML)"
        text="One page to send: what the passes did and why not more, latency, layers, roofline and memory plan. It needs no network and nothing beside it."
      >
        <CommandButton command="export.report" icon={<IconFileText size={14} />} primary />
      </Card>
      <Card
        title="Picture of the graph"
        text="The graph as it stands on the canvas: groups open or closed, in the colours that are chosen there."
      >
        <CommandButton command="export.svg" label="SVG…" icon={<IconPhoto size={14} />} primary />
        <CommandButton command="export.png" label="PNG…" />
      </Card>
    </>
  );
}

/** What leaves the studio. */
export default function Export() {
  const hasModel = useStudio((s) => s.trace !== null);
  const hasProfile = useStudio((s) => s.profile !== null);
  if (!hasModel && !hasProfile) return <Empty text="Open a model to export what it becomes." command="file.open" />;
  if (!hasModel) {
    return (
      <div className="cards">
        <ProfileCard />
        <TellingCards />
      </div>
    );
  }
  return (
    <div className="cards">
      <EngineCard />
      <Card
        title="Optimized ONNX"
        text="The optimized graph, written with standard operators: any ONNX runtime can load it."
      >
        <CommandButton command="export.onnx" icon={<IconFileExport size={14} />} primary />
      </Card>
      <Card
        title="Project (.sinterproj)"
        text="The model's path and hash, and every choice made here; reopens where it was."
      >
        <CommandButton command="file.save" />
      </Card>
      <CalibrationCard />
      <QdqCard />
      <ProfileCard />
      <TellingCards />
      <CommandCard />
    </div>
  );
}
