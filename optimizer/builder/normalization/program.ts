import type { DataType } from '../../ir/dtype.ts';
import type { Program, ProgramInstruction } from '../plan.ts';

/** Adds an instruction in front of a program's own; gives the operand that holds its result. */
export type Emit = (op: string, args: readonly number[], dtype: DataType, params?: readonly number[]) => number;

/** The program of a layer that only passes its result on, beside `extra` operands. */
export const passing = (extra: number): Program => ({ inputCount: extra + 1, code: [], outputs: [0] });

/**
 * A program with `added` more operands (the last of its inputs) and instructions in front of its own. `make` gets the number of the
 * first added operand and gives the operand that the program reads in place of operand `of`.
 */
export function preceded(
  program: Program,
  added: number,
  of: number,
  make: (first: number, emit: Emit) => number,
): Program {
  const inputCount = program.inputCount + added;
  const code: ProgramInstruction[] = [];
  const instead = make(program.inputCount, (op, args, dtype, params = []) => {
    code.push({ op, args, dtype, params });
    return inputCount + code.length - 1;
  });
  const shift = inputCount + code.length - program.inputCount;
  const moved = (id: number): number => (id === of ? instead : id < program.inputCount ? id : id + shift);
  for (const i of program.code) code.push({ ...i, args: i.args.map(moved) });
  return { inputCount, code, outputs: program.outputs.map(moved) };
}

/** The program without its first instruction, whose result is operand 0 instead, and without operand `dropped`, which nothing else may read. */
export function withoutFirst(program: Program, dropped: number): Program {
  const moved = (id: number): number => {
    if (id === program.inputCount) return 0;
    return id - (id > dropped ? 1 : 0) - (id > program.inputCount ? 1 : 0);
  };
  const code = program.code.slice(1).map((i) => ({ ...i, args: i.args.map(moved) }));
  return { inputCount: program.inputCount - 1, code, outputs: program.outputs.map(moved) };
}
