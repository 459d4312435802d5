//! How the page looks: light and dark as the reader's system is, narrow and wide, on paper.

/// The style sheet.
pub const SHEET: &str = "\
:root { color-scheme: light dark; --ink: #26272c; --faint: #63656f; --paper: #ffffff; --card: #f5f6f8; --line: #dcdee4; --mark: #0a6aa1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ec; --faint: #a0a4b0; --paper: #15161a; --card: #1f2127; --line: #363943; --mark: #6cc0ef; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
h1 { margin: 0; font-size: 1.8rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); font-size: 1.25rem; }
h3 { margin: 1.2rem 0 .5rem; font-size: 1.05rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; }
.lead, figcaption, footer, .note { color: var(--faint); }
.note, figcaption { font-size: .875rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: .7rem .9rem;
  border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.tiles dt { color: var(--faint); font-size: .85rem; overflow-wrap: anywhere; }
.tiles dd { margin: 0; color: var(--mark); font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
.long { max-height: 32rem; overflow-y: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; white-space: nowrap; }
thead th { position: sticky; top: 0; background: var(--card); font-weight: 600; }
td.n, th.n { text-align: right; }
td.t { min-width: 8rem; white-space: normal; overflow-wrap: anywhere; }
figure { margin: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem; }
.figures.whole { grid-template-columns: 1fr; margin-top: 1rem; }
.figures figure { padding: .5rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); break-inside: avoid; }
.figures img { display: block; width: 100%; height: auto; border-radius: .3rem; }
.chart { margin: .6rem 0 1.2rem; break-inside: avoid; }
.chart figcaption { color: var(--ink); font-weight: 600; }
.chart svg { display: block; width: 100%; height: auto; }
pre { margin: 0; padding: .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); font-size: .85rem; }
footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--line); font-size: .85rem; }
@media print {
  :root { color-scheme: light; --ink: #000; --faint: #444; --paper: #fff; --card: #fff; --line: #bbb; --mark: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .long { max-height: none; overflow: visible; border: 0; }
  thead th { position: static; }
  .figures { grid-template-columns: repeat(3, 1fr); }
  .figures.whole { grid-template-columns: 1fr; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
}
";
