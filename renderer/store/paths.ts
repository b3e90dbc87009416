/** `path` as seen from `folder`, when it lies below it; else as it is. */
export const relativeTo = (folder: string, path: string): string =>
  folder !== '' && path.startsWith(folder) ? path.slice(folder.length) : path;
/** The path that `relativeTo` made, from where the folder is now. */
export const resolveFrom = (folder: string, path: string): string =>
  /^([/\\]|[A-Za-z]:)/.test(path) ? path : folder + path;
/** What stands after the last separator. */
export const nameOf = (path: string): string => path.replace(/^.*[/\\](?=.)/, '');
/** Everything up to the last separator, with it. */
export const folderOf = (path: string): string => path.replace(/[^/\\]*$/, '');
