import { EXIT } from '../exit.ts';
import { nativeRuntime } from '../runtime.ts';

export async function devices(options: { json?: boolean }): Promise<number> {
  const list = nativeRuntime().devices();
  if (options.json) console.log(JSON.stringify({ devices: list }, null, 2));
  else {
    for (const d of list) {
      console.log(`${d.id}  ${d.name}, ${d.cores} ${d.cores === 1 ? 'core' : 'cores'}, ${d.features.join(', ')}`);
      for (const note of d.notes) console.log(`     ${note}`);
    }
  }
  return EXIT.ok;
}
