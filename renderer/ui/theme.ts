import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';
import { cssVariables, DARK, LIGHT } from './tokens.ts';

const accent: MantineColorsTuple = [
  '#e6f5f3',
  '#cfe9e6',
  '#a3d6d0',
  '#72c2b9',
  '#4bb1a6',
  '#2aa198',
  '#138a82',
  '#0b6e69',
  '#085a56',
  '#054643',
];

/** Mantine's dark greys, in the studio's own hue. */
const dark: MantineColorsTuple = [
  '#e6eaf0',
  '#c3cad6',
  '#9aa6b8',
  '#6b778a',
  '#465062',
  '#2f3744',
  '#252b35',
  '#171b22',
  '#12161c',
  '#0d1014',
];

export const theme = createTheme({
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: '11.5px', sm: '13px', md: '13px', lg: '15px', xl: '18px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  defaultRadius: 4,
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  colors: { accent, dark },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 400, withArrow: true, fz: 12 } },
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
  },
});

/** Puts the studio's tokens beside Mantine's own variables, per scheme. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...cssVariables(LIGHT, 'light'),
    '--mantine-color-body': LIGHT.panel,
    '--mantine-color-text': LIGHT.text,
    '--mantine-color-dimmed': LIGHT.muted,
    '--mantine-color-default-border': LIGHT.border,
  },
  dark: {
    ...cssVariables(DARK, 'dark'),
    '--mantine-color-body': DARK.panel,
    '--mantine-color-text': DARK.text,
    '--mantine-color-dimmed': DARK.muted,
    '--mantine-color-default-border': DARK.border,
    '--mantine-color-default': DARK.raised,
    '--mantine-color-accent-filled': DARK.accent,
    '--mantine-color-accent-filled-hover': '#5ad3c8',
    '--mantine-primary-color-filled': DARK.accent,
    '--mantine-primary-color-contrast': DARK.onAccent,
  },
});
