export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1b2330; --muted: #566173; --border: #dde1e7; --soft: #f5f6f8;
  --accent: #0b6e69; --mark: #b1500a; --block: #6f93c4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171d; --text: #e6eaf0; --muted: #9aa6b8; --border: #2a313c; --soft: #1b2028;
    --accent: #3cc4b8; --mark: #f0a04b; --block: #4c71a6; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 940px; padding: 32px 40px 64px; background: var(--page); color: var(--text);
  font: 14px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1 { margin: 0; font-size: 24px; }
h2 { margin: 40px 0 8px; font-size: 17px; }
p { margin: 4px 0; }
.muted, svg .muted { color: var(--muted); fill: var(--muted); }
.stats { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px 24px; margin: 20px 0; }
.stats div { padding: 10px 14px; border: 1px solid var(--border); border-radius: 6px; background: var(--soft); }
.stats b { display: block; font-size: 18px; font-weight: 600; }
.stats span { color: var(--muted); font-size: 12.5px; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--muted); white-space: nowrap; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--border); vertical-align: top; }
.n { text-align: right; white-space: nowrap; }
code, .mono { font: 12px ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: 10px 14px; border: 1px solid var(--border); border-radius: 6px; background: var(--soft); white-space: pre-wrap; }
svg { display: block; width: 100%; height: auto; margin: 12px 0; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .bar { fill: var(--accent); }
svg .line { fill: none; stroke: var(--accent); stroke-width: 1.2; }
svg .grid { stroke: var(--border); }
svg .roof { stroke: var(--mark); stroke-width: 1.5; }
svg .roof-text { fill: var(--mark); }
svg .point { fill: var(--accent); fill-opacity: 0.6; stroke: var(--page); }
svg .value { fill: var(--block); stroke: var(--page); stroke-width: 0.5; }
svg .workspace { fill: var(--border); stroke: var(--page); stroke-width: 0.5; }
details { margin-top: 8px; }
td details { margin: 0; }
summary { cursor: pointer; color: var(--accent); }
@media print { body { max-width: none; padding: 0; } details > summary { display: none; } }
`;
