/** Choices of the Build step that time nothing: kernels are chosen by their estimates. */
export const untimed = {
  level: 0,
  pin: {},
  forbid: [],
  auxStreams: null,
  libraries: [],
  timings: 'shared' as const,
  deterministic: false,
};
