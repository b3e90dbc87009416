import { Command, CommanderError } from 'commander';
import { withData } from './dataFlags.ts';
import { EXIT } from './exit.ts';
import { inOrder, type ProfileFlag } from './profileFlags.ts';
import { withTuning } from './tuningFlags.ts';

/** A command's module is loaded only when it runs, so that `sinter --help` stays fast. */
type Action = (...args: never[]) => Promise<number>;

const act =
  (load: () => Promise<Action>) =>
  async (...args: unknown[]): Promise<void> => {
    const { guarded } = await import('./guard.ts');
    const action = await load();
    // Commander passes the Command itself last: options are read from the argument before it.
    process.exitCode = await guarded(() => action(...(args.slice(0, -1) as never[])));
  };

// `sinter … | head` closes the pipe early: that ends the output, not the command with a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

const collect = (value: string, all: string[]): string[] => [...all, value];
const json = ['--json', 'print one JSON document instead of text'] as const;
const threads = ['--threads <n>', 'threads to build for and run with', '1'] as const;
const shape = [
  '--shape <name=dims>',
  'fix an input shape, e.g. x=1x3x224x224 (repeatable)',
  collect,
  [] as string[],
] as const;
const weights = [
  '--weights <file>',
  'Caffe: the other file of the pair (.caffemodel or .prototxt), where it does not lie beside the first',
] as const;
const set = [
  '--set <name=value>',
  'make an input a constant, e.g. sr=16000: what it decides is decided (repeatable)',
  collect,
  [] as string[],
] as const;
const disable = ['--disable <pass>', 'switch a pass off by name (repeatable)', collect, [] as string[]] as const;
const disableFusion = [
  '--disable-fusion <key>',
  'refuse one application by its key (repeatable)',
  collect,
  [] as string[],
] as const;
const input = [
  '--input <name=file>',
  'read an input from a .npy file (repeatable; others are random)',
  collect,
  [] as string[],
] as const;

const profileFlags: ProfileFlag[] = [];
const profile = [
  '--profile <n>',
  'optimization profile of an engine that has several; by default whichever fits',
] as const;

const program = new Command('sinter')
  .description('Optimizes a trained network for this machine, shows every step, and exports an engine file.')
  .version('0.1.0')
  .showHelpAfterError('(sinter --help shows the commands)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  $ sinter inspect model.onnx                     operators, inputs, outputs, parameters
  $ sinter optimize model.onnx -o optimized.onnx  what every pass did, and the result as ONNX
  $ sinter build model.onnx -o model.sinter       the engine for this machine
  $ sinter calibrate model.onnx --data photos -o model.calib
  $ sinter build model.onnx --precision int8 --calibration model.calib -o model.sinter
  $ sinter evaluate model.sinter --data photos    top-1 and top-5 on labelled samples
  $ sinter run model.sinter --input x=x.npy --output-dir out
  $ sinter profile model.sinter --threads 2       latency percentiles and time per layer
  $ sinter compare model.onnx model.sinter        how far the outputs are apart

Exit codes: 0 done, 1 the runtime failed, 2 wrong usage or file, 3 compare found a difference, 130 cancelled.`,
  );

const batch = ['--batch <n>', 'samples at once, where the model leaves that open', '1'] as const;

program
  .command('inspect <file>')
  .description('what a model or an engine holds')
  .option('--verify', "check the checksum of an engine's weights too")
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(...json)
  .addHelpText('after', '\nExample:\n  $ sinter inspect model.onnx --shape x=1x3x224x224 --json')
  .action(act(async () => (await import('./commands/inspect.ts')).inspect));

program
  .command('optimize <model>')
  .description('run the passes and print what each did and why it refused')
  .option(...disable)
  .option(...disableFusion)
  .option('--trace <file>', 'write the whole trace as JSON')
  .option('-o, --output <file>', 'write the optimized model as ONNX')
  .option('--refusals', 'list every refusal with its reason')
  .option('--qdq', 'write the model quantized, with QuantizeLinear and DequantizeLinear (needs --calibration)')
  .option('--calibration <file>', 'ranges for --qdq, as `sinter calibrate` or TensorRT writes them')
  .option('--activation-type <type>', 'of --qdq: int8 as our engines and TensorRT, or uint8 for ONNX Runtime', 'int8')
  .option(
    '--pin <operator=fp32>',
    'keep an operator out of --qdq, by name or source id (repeatable)',
    collect,
    [] as string[],
  )
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(...json)
  .addHelpText(
    'after',
    '\nExample:\n  $ sinter optimize model.onnx --disable horizontal-fusion --trace trace.json -o optimized.onnx',
  )
  .action(act(async () => (await import('./commands/optimize.ts')).optimize));

const building = program
  .command('build <model>')
  .description('optimize and build the engine file for this machine')
  .requiredOption('-o, --output <file>', 'engine file to write')
  .option('--device <id>', 'device to build for', 'cpu')
  .option(...threads)
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(
    '--range <symbol=min,opt,max>',
    'leave a dimension open within a range (repeatable)',
    inOrder('range', profileFlags),
    profileFlags,
  )
  .option(
    '--minShapes <shapes>',
    'least shapes of open inputs, e.g. ids:1x1,mask:1x1; as trtexec writes them',
    inOrder('min', profileFlags),
  )
  .option('--optShapes <shapes>', 'the shapes that kernels are chosen at', inOrder('opt', profileFlags))
  .option('--maxShapes <shapes>', 'the largest shapes', inOrder('max', profileFlags))
  .option(
    '--profile <n>',
    'the shapes and ranges that follow are of optimization profile n (0, 1, …)',
    inOrder('profile', profileFlags),
  )
  .option(
    '--fast-fp32',
    'allow FP32 products of fewer bits: three bfloat16 parts on AMX (errors near 1e-5), TF32 on GPUs (near 3e-4)',
  )
  .option(
    '--precision <kind>',
    'what may be used where it is faster: fp32, fp16, bf16, int8 (where calibration has a range), int8+fp16, or mixed: all of them within an accuracy budget',
    'fp32',
  )
  .option('--calibration <file>', 'ranges for INT8, as `sinter calibrate` or TensorRT writes them')
  .option(
    '--pin <operator=kind>',
    'fix the precision of an operator, by name or source id: fp32, fp16, bf16, int8, or float: not INT8 (repeatable)',
    collect,
    [] as string[],
  )
  .option('--cosine <x>', 'accuracy budget: every output keeps this cosine to FP32 on --data, e.g. 0.99')
  .option('--accuracy-drop <points>', 'accuracy budget: top-1 points that may be lost on labelled --data, e.g. 0.5')
  .option('--score-output <name>', 'output with a score per class, for --accuracy-drop (the first by default)')
  .option(...batch)
  .option(...disable)
  .option(...disableFusion)
  .option(...json)
  .addHelpText(
    'after',
    `
With a budget, layers are measured one by one and those that cost too much stay in FP32 (or 16 bits); they are printed with
the pins that build the same plan without measuring.

Examples:
  $ sinter build model.onnx -o model.sinter --shape x=1x3x224x224 --threads 2
  $ sinter build model.onnx -o model.sinter --precision bf16
  $ sinter build model.onnx -o model.sinter --precision mixed --calibration model.calib --data photos --samples 16 --cosine 0.99
  $ sinter build model.onnx -o model.sinter --level 5 --timing-cache machine.json
  $ sinter build bert.onnx -o bert.sinter --minShapes ids:1x1 --optShapes ids:1x64 --maxShapes ids:8x128
  $ sinter build bert.onnx -o bert.sinter --profile 0 --minShapes ids:1x1 --optShapes ids:1x32 --maxShapes ids:1x128 \\
                                          --profile 1 --minShapes ids:2x1 --optShapes ids:32x64 --maxShapes ids:64x128
  $ sinter build model.onnx -o model.sinter --forbid-tactic '*winograd*' --pin-tactic conv1=f32_conv2d__avx512_14x32`,
  )
  .action(act(async () => (await import('./commands/build.ts')).build));
withData(withTuning(building), false);

program
  .command('run <file>')
  .description('run an engine (or a model, built on the spot) once')
  .option(...input)
  .option('--output-dir <dir>', 'write every output as NAME.npy')
  .option(...profile)
  .option(...shape)
  .option(...weights)
  .option(...threads)
  .option('--seed <n>', 'seed of the random inputs', '1')
  .option(...json)
  .addHelpText('after', '\nExample:\n  $ sinter run model.sinter --input x=x.npy --output-dir out')
  .action(act(async () => (await import('./commands/run.ts')).run));

program
  .command('profile <file>')
  .description(
    'latency percentiles and time per layer of an engine (or a model, built on the spot), or a saved profile',
  )
  .option('--save <file>', 'write the whole profile as a .sinterprofile; the studio opens it anywhere')
  .option('--export-trace <file>', 'write the timeline for chrome://tracing and Perfetto')
  .option('--csv <file>', 'write a table of the layers')
  .option('--report <file>', 'write a page of HTML that stands alone; given a model, with what the passes did')
  .option('--iterations <n>', 'timed runs', '100')
  .option('--warmup <n>', 'runs before timing', '10')
  .option(
    '--compare <file>',
    'a saved profile (or an engine, profiled too) to set beside this one, with the reasons where this one is slower (repeatable)',
    collect,
    [] as string[],
  )
  .option('--top <n>', 'layers to print, slowest first (0 = all)', '20')
  .option(...input)
  .option(...profile)
  .option(...shape)
  .option(...weights)
  .option(...threads)
  .option('--seed <n>', 'seed of the random inputs', '1')
  .option(...json)
  .addHelpText(
    'after',
    `
Examples:
  $ sinter profile model.sinter --threads 2 --iterations 200 --save run.sinterprofile
  $ sinter profile run.sinterprofile --top 10        what was saved, on any machine
  $ sinter profile model.onnx --report report.html  built here, measured, and told on one page
  $ sinter profile run.sinterprofile --export-trace trace.json --csv layers.csv
  $ sinter profile int8.sinterprofile --compare fp32.sinterprofile     why INT8 is slower, where it is`,
  )
  .action(act(async () => (await import('./commands/profile.ts')).profile));

program
  .command('compare <model> <engine>')
  .description('difference between the model as imported, run without any pass, and an engine')
  .option(
    '--reference <kind>',
    'how the model runs: "plain" (same kernels) or "scalar" (reference kernels, slow)',
    'plain',
  )
  .option('--tolerance <x>', 'largest allowed relative error', '1e-4')
  .option(...input)
  .option(...profile)
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(...threads)
  .option('--seed <n>', 'seed of the random inputs', '1')
  .option(...json)
  .addHelpText('after', '\nExample:\n  $ sinter compare model.onnx model.sinter --input x=x.npy')
  .action(act(async () => (await import('./commands/compare.ts')).compare));

withData(program.command('calibrate <model>'))
  .description('find the ranges that INT8 needs from sample data')
  .requiredOption('-o, --output <file>', 'cache to write; also the checkpoint that --resume goes on from')
  .option('--algorithm <name>', 'entropy, minmax, percentile or mse', 'entropy')
  .option('--percentile <x>', 'for percentile: the share of values to keep', '99.99')
  .option('--tensorrt-cache <file>', 'write the ranges as a TensorRT calibration cache too')
  .option('--resume', 'go on from the checkpoint in the output file')
  .option('--checkpoint <seconds>', 'time between checkpoints', '10')
  .option(...batch)
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(...threads)
  .option(...disable)
  .option(...disableFusion)
  .option(...json)
  .addHelpText(
    'after',
    `
Examples:
  $ sinter calibrate model.onnx --data photos --resize crop --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 -o model.calib
  $ sinter calibrate model.onnx --data samples.npz --samples 500 --algorithm percentile --percentile 99.9 -o model.calib
  $ sinter build model.onnx --precision int8 --calibration model.calib -o model.sinter`,
  )
  .action(act(async () => (await import('./commands/calibrate.ts')).calibrate));

withData(program.command('sensitivity <model>'))
  .description('what INT8 (or 16 bits) costs and wins, layer by layer, on the plan that really runs')
  .option('--calibration <file>', 'ranges for INT8, as `sinter calibrate` or TensorRT writes them')
  .option('--precision <kind>', 'what is measured: int8, fp16 or bf16', 'int8')
  .option('--pin <operator=kind>', 'as in build: operators to leave alone (repeatable)', collect, [] as string[])
  .option('--cosine <x>', 'also find the layers that must stay in FP32 for the outputs to keep this cosine, e.g. 0.99')
  .option('--batch <n>', 'samples at once where the model leaves its first size open', '1')
  .option(...threads)
  .option(...shape)
  .option(...weights)
  .option(...set)
  .option(...disable)
  .option(...disableFusion)
  .option(...json)
  .addHelpText(
    'after',
    '\nExample:\n  $ sinter sensitivity model.onnx --data photos --samples 16 --calibration model.calib --cosine 0.99',
  )
  .action(act(async () => (await import('./commands/sensitivity.ts')).sensitivity));

withData(program.command('evaluate <file>'))
  .description('accuracy of a model or an engine on labelled samples: top-1 and top-5')
  .option('--output <name>', 'output with a score per class (the first by default)')
  .option(...batch)
  .option(...profile)
  .option(...shape)
  .option(...weights)
  .option(...threads)
  .option(...json)
  .addHelpText(
    'after',
    `
Labels are the subfolders of an image folder, the label column of a .csv, "labels" in a .npz, the labels beside an IDX
file, or --labels.

Examples:
  $ sinter evaluate model.sinter --data photos --resize crop --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  $ sinter evaluate model.onnx --data t10k-images-idx3-ubyte.gz --json`,
  )
  .action(act(async () => (await import('./commands/evaluate.ts')).evaluate));

program
  .command('devices')
  .description('what this machine offers')
  .option('--measure', 'measure what each device reaches: operations and copied bytes a second')
  .option('--threads <n>', 'with --measure: this thread count instead of one and all')
  .option(...json)
  .addHelpText('after', '\nExample:\n  $ sinter devices --measure --threads 2')
  .action(act(async () => (await import('./commands/devices.ts')).devices));

const plugin = program.command('plugin').description('operators of your own: add, list and remove plugins');
plugin
  .command('add <folder>')
  .description('compile the plugin in a folder (plugin.json and sources, or a library) and register it')
  .addHelpText('after', '\nExample:\n  $ sinter plugin add assets/plugins/snake')
  .action(act(async () => (await import('./commands/plugin.ts')).pluginAdd));
plugin
  .command('list')
  .description('registered plugins and the operators they define')
  .option(...json)
  .action(act(async () => (await import('./commands/plugin.ts')).pluginList));
plugin
  .command('remove <name>')
  .description('take a plugin out; engines that need it no longer load')
  .action(act(async () => (await import('./commands/plugin.ts')).pluginRemove));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.input;
}
