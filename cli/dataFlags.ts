import type { Command } from 'commander';

const OPTIONS: readonly (readonly [flags: string, description: string])[] = [
  ['--samples <n>', 'use n samples, spread evenly over the data (all by default)'],
  ['--labels <file>', 'labels: a number per line, NAME,NUMBER per line, or .npy'],
  ['--mean <numbers>', 'subtracted per channel after scaling, e.g. 0.485,0.456,0.406'],
  ['--std <numbers>', 'divided by per channel, e.g. 0.229,0.224,0.225'],
  ['--scale <x>', 'pixels are multiplied by this first (1/255 by default)'],
  ['--layout <nchw|nhwc>', 'where the channels are, when the shape does not show it'],
  ['--resize <stretch|crop|pad>', 'how images get the size of the input (stretch by default)'],
  ['--shortest-side <n>', 'crop: the shortest side before the centre is cut out (256 for an input of 224)'],
  ['--size <WxH>', 'size of images where the model leaves it open'],
  ['--channels <rgb|bgr|gray>', 'order of the channels (rgb by default)'],
  ['--raw-dtype <type>', 'what raw binaries hold (the type of the input by default)'],
  ['--raw-shape <dims>', 'shape of one sample in a raw binary, e.g. 1x3x224x224'],
];

const DATA = ['--data <path>', 'samples: a folder, .npy, .npz, .csv, raw binary or IDX file'] as const;

/** Declares how samples are read (dataOptions.ts parses it): shared by the commands that need data, or can use it. */
export function withData(command: Command, needed = true): Command {
  if (needed) command.requiredOption(...DATA);
  else command.option(...DATA);
  for (const [flags, description] of OPTIONS) command.option(flags, description);
  return command;
}
