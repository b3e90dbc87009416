import type { Plugin as EsbuildPlugin } from 'esbuild';
import type { Plugin as VitePlugin } from 'vite';

export const esbuildOperators: EsbuildPlugin;
export const viteOperators: VitePlugin;
