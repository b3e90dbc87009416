/** The profile options of `build`, in the order they were given: --profile says whose the others are. */
export interface ProfileFlag {
  readonly kind: 'profile' | 'range' | 'min' | 'opt' | 'max';
  readonly text: string;
}

/** Collects options of several names into one list, in command line order. */
export function inOrder(kind: ProfileFlag['kind'], all: ProfileFlag[]): (text: string) => ProfileFlag[] {
  return (text) => {
    all.push({ kind, text });
    return all;
  };
}
