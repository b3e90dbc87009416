let controller: AbortController | null = null;

/** Aborted by the first Ctrl+C; the second one ends the process at once. */
export function stopSignal(): AbortSignal {
  if (!controller) {
    const made = new AbortController();
    controller = made;
    process.once('SIGINT', () => {
      made.abort();
      process.once('SIGINT', () => process.exit(130));
    });
  }
  return controller.signal;
}
