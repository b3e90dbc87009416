import * as z from 'zod';

/** A registered plugin, or a folder among them that cannot be used: then `error` says why. */
export const pluginEntry = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  /** Names by which models call its operator, with the domain: "sinter.examples.Snake". */
  operators: z.array(z.string()),
  folder: z.string(),
  error: z.string().nullable(),
});
export type PluginEntry = z.infer<typeof pluginEntry>;

/** All of them, by name, and the folder they are in. */
export const pluginList = z.object({ folder: z.string(), plugins: z.array(pluginEntry) });
export type PluginList = z.infer<typeof pluginList>;
