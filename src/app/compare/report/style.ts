/** The report's only style: readable in light and dark, on a phone, and on paper. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1d23; --soft: #5d6675; --line: #dfe3ea; --paper: #fff; --card: #f6f7fa;
  --red: #b42318; --orange: #b45309; --green: #18794e; --blue: #31589c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #9aa5b5; --line: #333a46; --paper: #14171c;
  --card: #1c2027; --red: #ff8a80; --orange: #ffb86b; --green: #6fd3a0; --blue: #9dbcf5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 24px 16px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; overflow-wrap: anywhere; }
h3 { font-size: 14px; margin: 16px 0 4px; color: var(--soft); font-weight: 600; }
p { margin: 4px 0 12px; } .soft { color: var(--soft); } a { color: inherit; }
.files { overflow-wrap: anywhere; } .notices { color: var(--orange); }
.wide { overflow-x: auto; margin: 16px 0; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; } th { color: var(--soft); font-weight: 600; background: var(--card); }
th:first-child, td:first-child { text-align: left; max-width: 280px; overflow: hidden; text-overflow: ellipsis; }
.verdict { font-weight: 600; } .drifted { color: var(--red); } .warning { color: var(--orange); }
.suspected { color: var(--orange); } .stable { color: var(--green); } .other { color: var(--blue); }
section { border-top: 1px solid var(--line); margin-top: 32px; }
.pictures { display: flex; flex-wrap: wrap; gap: 16px; margin: 12px 0; }
.pictures svg { width: 100%; max-width: 460px; height: auto; flex: 1 1 300px; background: var(--card);
  border-radius: 8px; padding: 8px; }
ul { margin: 4px 0 12px; padding-left: 20px; } li { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { section { break-inside: avoid; } }
`;
