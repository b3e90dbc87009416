import { defineCommand } from '../../commands/command.ts';
import { cancelCalibration, pauseCalibration, startCalibration } from '../../store/actions/precision/calibrate.ts';
import { pickData, pickLabels, showSamples } from '../../store/actions/precision/data.ts';
import { exportCalibration, exportQdq, importCalibration } from '../../store/actions/precision/ranges.ts';
import { calibrationJob } from '../../store/precision.ts';
import type { StudioState } from '../../store/state.ts';
import { set } from '../../store/store.ts';

const ready = (s: StudioState): boolean => s.trace !== null;
const hasData = (s: StudioState): boolean => ready(s) && s.precision.data !== null;
const hasRanges = (s: StudioState): boolean => s.precision.calibration !== null;
const idle = (s: StudioState): boolean => s.precision.calibrating === null;

defineCommand({
  id: 'precision.dataFolder',
  title: 'Choose a folder of samples…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+D',
  when: ready,
  run: async () => {
    set({ step: 'precision' });
    await pickData('dataFolder');
  },
});
defineCommand({
  id: 'precision.dataFile',
  title: 'Choose a file of samples…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+F',
  when: ready,
  run: async () => {
    set({ step: 'precision' });
    await pickData('dataFile');
  },
});
defineCommand({
  id: 'precision.labels',
  title: 'Choose a file of labels…',
  menu: 'File',
  when: (s) => s.choices.precision.data !== null,
  run: pickLabels,
});
defineCommand({
  id: 'precision.import',
  title: 'Open calibration cache…',
  menu: 'File',
  keys: 'CmdOrCtrl+I',
  when: ready,
  run: importCalibration,
});
defineCommand({
  id: 'export.calibration',
  title: 'Export calibration cache…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+S',
  when: hasRanges,
  run: () => exportCalibration('sinter'),
});
defineCommand({
  id: 'export.tensorrt',
  title: 'Export TensorRT calibration cache…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+T',
  when: hasRanges,
  run: () => exportCalibration('tensorrt'),
});
defineCommand({
  id: 'export.qdq',
  title: 'Export quantized ONNX (QDQ, int8)…',
  menu: 'File',
  keys: 'CmdOrCtrl+Shift+Q',
  when: hasRanges,
  run: () => exportQdq('int8'),
});
defineCommand({
  id: 'export.qdqUint8',
  title: 'Export quantized ONNX for ONNX Runtime (QDQ, uint8)…',
  menu: 'File',
  when: hasRanges,
  run: () => exportQdq('uint8'),
});
defineCommand({
  id: 'precision.start',
  title: 'Calibrate',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+C',
  when: (s) => ready(s) && idle(s),
  run: async () => {
    set({ step: 'precision' });
    await startCalibration(false);
  },
});
defineCommand({
  id: 'precision.resume',
  title: 'Go on with the calibration',
  menu: 'Run',
  when: (s) => hasData(s) && idle(s) && s.precision.data?.checkpoint !== null,
  run: () => startCalibration(true),
});
defineCommand({
  id: 'precision.pause',
  title: 'Pause or resume the calibration',
  menu: 'Run',
  keys: 'CmdOrCtrl+Shift+P',
  when: (s) => calibrationJob(s)?.state === 'running' && !s.precision.stopping,
  run: pauseCalibration,
});
defineCommand({
  id: 'precision.cancel',
  title: 'Stop the calibration',
  menu: 'Run',
  when: (s) => calibrationJob(s)?.state === 'running' && !s.precision.stopping,
  run: cancelCalibration,
});
defineCommand({
  id: 'precision.samplesBack',
  title: 'Previous samples',
  menu: 'View',
  when: (s) => s.precision.data !== null && s.precision.shown > 0,
  run: () => showSamples(-1),
});
defineCommand({
  id: 'precision.samplesForward',
  title: 'More samples',
  menu: 'View',
  when: (s) => s.precision.data !== null && s.precision.shown + 6 < s.precision.data.length,
  run: () => showSamples(1),
});
