"""Style sheet of the page, without fonts, images or scripts.

Blue marks agreement of seeds and orange dissent, which colour-blind readers distinguish; letters repeat it.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  --ground: #fbfaf8; --raised: #fff; --ink: 28 30 34; --quiet: 92 97 106; --line: 222 220 214; --on: #fff;
  --blue: 0 92 148; --orange: 184 66 8;
  --violet: 116 76 168; --gold: 128 98 4; --pink: 164 52 116; --moss: 44 110 72; --brown: 122 84 60; --slate: 82 96 116;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) { :root {
  --ground: #14161a; --raised: #1b1e23; --ink: 230 231 234; --quiet: 160 166 176; --line: 50 54 62; --on: #101216;
  --blue: 102 186 242; --orange: 255 146 88;
  --violet: 190 156 236; --gold: 218 184 92; --pink: 238 144 198; --moss: 126 204 158; --brown: 214 172 146; --slate: 164 178 198;
} }
.final, .yes { --c: var(--blue) } .dissent, .no { --c: var(--orange) } .seed, .unknown, .none { --c: var(--quiet) }
.passing-0 { --c: var(--violet) } .passing-1 { --c: var(--gold) } .passing-2 { --c: var(--pink) }
.passing-3 { --c: var(--moss) } .passing-4 { --c: var(--brown) } .passing-5 { --c: var(--slate) }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem }
body { margin: 0 auto; max-width: 74rem; padding: 0 clamp(1rem, 4vw, 3rem); background: var(--ground); color: rgb(var(--ink));
  font: 1rem/1.55 var(--sans) }
h1, h2, h3, h4, p, ul, dl, figure, pre { margin: 0 }
code, pre, .hash { font-family: var(--mono) }
code { font-size: .88em; overflow-wrap: anywhere }
a { color: inherit; text-decoration-thickness: 1px; text-underline-offset: .2em }
:focus-visible { outline: 2px solid rgb(var(--blue)); outline-offset: 2px }
small, .note { color: rgb(var(--quiet)); font-size: .8rem }
.icon { width: 1.2em; height: 1.2em; vertical-align: -.22em; fill: none; stroke: var(--on); stroke-width: 2.4;
  stroke-linecap: round; stroke-linejoin: round }
.icon circle { fill: rgb(var(--c)); stroke: none }

header { padding-top: clamp(1.5rem, 5vw, 3.5rem) }
.kind { color: rgb(var(--quiet)); font: 500 .85rem var(--mono) }
h1 { font-size: clamp(1.2rem, 3vw, 1.6rem); font-weight: 600; line-height: 1.3 }
.result { margin-top: .75rem; color: rgb(var(--c)); font-size: clamp(2.8rem, 9vw, 5.2rem); line-height: 1.05; letter-spacing: -.035em }
.result strong { font-weight: 750 }
.result .icon { width: .82em; height: .82em; vertical-align: -.09em }
.lead { text-wrap: balance; margin-top: .6rem; max-width: 44rem; font-size: clamp(1.05rem, 2.2vw, 1.3rem); line-height: 1.45 }
.verdicts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem; margin-top: 2rem }
.verdict { padding: 1rem 1.15rem 1.1rem; border: 1px solid rgb(var(--line)); border-top: 4px solid rgb(var(--c)); border-radius: 6px;
  background: var(--raised) }
.verdict h2 { display: flex; align-items: center; gap: .5rem; margin-bottom: .4rem; font-size: 1.02rem; font-weight: 600 }
.verdict h2 strong { margin-left: auto; color: rgb(var(--c)); font-weight: 700 }
.verdict p { font-size: .92rem }
.verdict p + p { margin-top: .5rem }
dl { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin-top: 1.5rem }
dt { color: rgb(var(--quiet)); font-size: .8rem }
dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600 }

main > section { margin-top: clamp(2.5rem, 6vw, 4rem) }
main > section > h2 { margin-bottom: .8rem; padding-bottom: .35rem; border-bottom: 1px solid rgb(var(--line)); font-size: 1.45rem;
  font-weight: 650; letter-spacing: -.01em }
main > section > p { max-width: 46rem; margin-bottom: 1rem; color: rgb(var(--quiet)); font-size: .92rem }
h3 { margin: 1.6rem 0 .5rem; font-size: 1.05rem; font-weight: 600 }
h4 { margin: 1.2rem 0 .4rem; font-size: .92rem; font-weight: 600 }

figure { overflow-x: auto }
figcaption { position: sticky; left: 0; max-width: 46rem; margin-top: 1rem; color: rgb(var(--quiet)); font-size: .88rem }
.keys { display: block; margin-bottom: .3rem; color: rgb(var(--ink)) }
.key { display: inline-block; margin-right: 1.4rem }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .2em; border-radius: 2px; background: rgb(var(--c)) }
.key i:last-of-type { margin-right: .45em }
.graph { display: block; width: 100%; max-width: var(--width); min-width: calc(var(--width) * .72); margin: 0 auto; height: auto;
  font-family: var(--sans); fill: rgb(var(--ink)) }
.graph.down { display: none }
.column { fill: rgb(var(--quiet)); font-size: 13px }
.down .column { font-size: 11px }
.strands { opacity: .5 }
.strand { fill: none }
.strand:not([stroke]) { stroke: rgb(var(--c)) }
stop { stop-color: rgb(var(--c)) }
.box .ground { fill: var(--ground) }
.box .outline { fill: rgb(var(--c) / .1); stroke: rgb(var(--c)); stroke-width: 1.5 }
.box.last .outline { stroke-width: 3 }
.box.impure .outline { stroke-dasharray: 5 4 }
.box.seed .outline { fill: rgb(var(--c) / .06); stroke: rgb(var(--c) / .6) }
.badge { fill: rgb(var(--c)) }
.letter { fill: var(--on); font-size: 13.5px; font-weight: 700 }
.hash { font-size: 15px }
.box .note { fill: rgb(var(--quiet)); font-size: 12px }
.box .name { font-size: 14px; font-weight: 600 }
.mark { fill: rgb(var(--c)) }
.sign circle { fill: var(--ground); stroke: rgb(var(--c)); stroke-width: 1.5 }
.sign text { fill: rgb(var(--c)); font-size: 15px; font-weight: 700 }
.down .letter { font-size: 11px } .down .hash { font-size: 10.5px } .down .box .note { font-size: 10.5px }
.down .box .name { font-size: 11px }
@media (max-width: 46rem) { .graph.across { display: none } .graph.down { display: block; min-width: calc(var(--width) * .85) } }

.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .34rem .6rem; border-bottom: 1px solid rgb(var(--line)); text-align: left; vertical-align: middle }
thead th { color: rgb(var(--quiet)); font-size: .8rem; font-weight: 500; white-space: nowrap }
tbody th { font-weight: 500 }
.item { position: sticky; left: 0; background: var(--ground); font-weight: 650 }
td .name { display: inline-block; margin-right: .4rem }
td .name, td small, .whole, .agreed { white-space: nowrap }
td.final, td.dissent, td[class^=passing] { border: 2px solid var(--ground); border-left: 4px solid rgb(var(--c)); background: rgb(var(--c) / .12) }
td b, .camps b, .note b { display: inline-block; min-width: 1.45em; padding: 0 .3em; border-radius: 3px; background: rgb(var(--c)); color: var(--on);
  font-size: .82em; line-height: 1.6; text-align: center }
td.none { color: rgb(var(--quiet)); font-style: italic }
.agreed.yes, .agreed.no { color: rgb(var(--c)); font-weight: 600 }
.objects code { font-size: .8rem }

details { margin-top: .8rem }
summary { width: fit-content; cursor: pointer; font-size: .92rem; font-weight: 500 }
details[open] > summary { margin-bottom: .6rem }
pre { overflow-x: auto; padding: .9rem 1rem; border: 1px solid rgb(var(--line)); border-radius: 6px; background: var(--raised); font-size: .8rem;
  line-height: 1.5; tab-size: 4 }
.removed { color: rgb(var(--blue)) } .added { color: rgb(var(--orange)) } .changed { font-weight: 600 }
.command::before { content: "$ "; color: rgb(var(--quiet)) }
.difference:target { scroll-margin-top: 1rem }
.difference > h3 { font-size: 1.2rem }
.camps { padding: 0; list-style: none }
.camps li { padding: .35rem .7rem; border-left: 4px solid rgb(var(--c)); background: rgb(var(--c) / .12) }
.camps li + li { margin-top: 2px }
.camps span { margin: 0 .5rem; font-weight: 600 }
.seeds, .residues { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr)); gap: 1rem }
.seeds > section, .residues > section { padding: .9rem 1.1rem; border: 1px solid rgb(var(--line)); border-radius: 6px; background: var(--raised) }
.seeds h3, .residues h3 { margin-top: 0 }
.seeds p, .residues p { font-size: .92rem }
.seeds .note { margin-top: .4rem; font-size: .82rem }
.sharing { padding-left: 1.2rem; font-size: .92rem } .sharing li { margin: .25rem 0 }
.origin { flex-direction: column; gap: .5rem } .origin dd { overflow-wrap: anywhere; font-weight: 500 }
.seeds em { padding: .05rem .4rem; border: 1px solid rgb(var(--orange)); border-radius: 3px; color: rgb(var(--orange)); font-size: .8rem; font-style: normal }
.residues .no { grid-column: 1 / -1 }
.residues ul { max-height: 28rem; overflow-y: auto; padding: 0; list-style: none }
.residues li { padding: .25rem 0; border-bottom: 1px solid rgb(var(--line)); line-height: 1.4 }
footer { margin: 4rem 0 3rem; padding-top: 1rem; border-top: 1px solid rgb(var(--line)); color: rgb(var(--quiet)); font-size: .82rem }
@media (max-width: 30rem) { th, td { padding: .38rem .45rem } table { font-size: .84rem } }
@media print {
  :root { --ground: #fff; --raised: #fff; --ink: 0 0 0; --quiet: 70 74 82; --line: 200 200 200; --on: #fff;
    --blue: 0 92 148; --orange: 184 66 8;
    --violet: 116 76 168; --gold: 128 98 4; --pink: 164 52 116; --moss: 44 110 72; --brown: 122 84 60; --slate: 82 96 116 }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact }
  body { max-width: none; padding: 0; font-size: 10pt }
  .graph.across { display: block; min-width: 0 } .graph.down { display: none }
  header { padding-top: 0 }
  main > section { margin-top: 1.6rem }
  .verdicts { grid-template-columns: repeat(3, 1fr); margin-top: 1.2rem }
  .result { font-size: 3.4rem }
  .scroll, figure, pre, .residues ul { overflow: visible; max-height: none }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
  tbody, .verdict, figure, .seeds > section { break-inside: avoid }
  h2, h3, h4 { break-after: avoid }
}
"""
