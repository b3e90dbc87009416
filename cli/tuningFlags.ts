import type { Command } from 'commander';

const collect = (value: string, all: string[]): string[] => [...all, value];

/** Declares how tactics are chosen (tuning.ts parses it); apart from it, so that `sinter --help` loads little. */
export function withTuning(command: Command): Command {
  return command
    .option('--level <0-5>', 'time spent on timing kernels: 0 = none, their own estimates decide; 5 = all of them', '3')
    .option('--timing-cache <file>', "timings to use and to add to (the user's cache by default)")
    .option('--no-timing-cache', 'time everything anew and keep nothing')
    .option('--deterministic', 'never time: what the timing cache does not know is estimated')
    .option(
      '--max-aux-streams <n>',
      'streams beside the main one at most, for layers that do not need each other (timing decides by default)',
    )
    .option(
      '--normalizations <who>',
      'who computes layer normalizations between products on a GPU: layers of their own, the products around them, or what is measured to be faster: layers, products, measured',
      'layers',
    )
    .option(
      '--tactic-sources <list>',
      'libraries whose kernels may run layers too, e.g. +CUBLAS_LT,+CUDNN: the engine then needs them (none by default)',
    )
    .option('--pin-tactic <operator=tactic>', "the kernel of an operator's layer (repeatable)", collect, [] as string[])
    .option(
      '--forbid-tactic <tactic>',
      'never use a kernel (* stands for any letters), or OPERATOR=TACTIC for one layer (repeatable)',
      collect,
      [] as string[],
    );
}
