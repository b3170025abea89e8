import { colourVariables } from './svg.ts';

const LIGHT = `--ground:#fff;--panel:#f6f7f9;--ink:#1b1f24;--muted:#5c6470;--line:#e3e6ea;--pass:#00684c;--pass-ground:#e4f4ee;--allowed:#8a5a00;--allowed-ground:#fdf3dd;--unknown:#4f5d75;--unknown-ground:#edf0f5;--fail:#a83d00;--fail-ground:#fdeadf;${colourVariables('light')}`;
const DARK = `--ground:#14171c;--panel:#1c2027;--ink:#e6e8eb;--muted:#9aa3af;--line:#2c323a;--pass:#3ecf9f;--pass-ground:#10291f;--allowed:#f0b429;--allowed-ground:#2b2310;--unknown:#a9b8d0;--unknown-ground:#1f2530;--fail:#ff8a4c;--fail-ground:#331a0e;${colourVariables('dark')}`;

/** The report's style sheet. Every colour is a variable, so that dark mode and print only set variables. */
export const STYLE: string = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{${LIGHT}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:960px;margin:0 auto;padding:28px 24px 64px}
h1{font-size:19px;line-height:1.4;font-weight:600;margin:10px 0 8px;overflow-wrap:anywhere}
h2{font-size:15px;font-weight:650;margin:0 0 10px}
section{margin:34px 0 0;min-width:0}
.verdict{border-left:5px solid var(--tone);background:var(--tone-ground);border-radius:0 10px 10px 0;padding:18px 22px}
.pass{--tone:var(--pass);--tone-ground:var(--pass-ground)}
.allowed{--tone:var(--allowed);--tone-ground:var(--allowed-ground)}
.unknown{--tone:var(--unknown);--tone-ground:var(--unknown-ground)}
.fail{--tone:var(--fail);--tone-ground:var(--fail-ground)}
.word{display:flex;align-items:center;gap:8px;margin:0;color:var(--tone);font-size:14px;letter-spacing:.08em}
.word .mark{width:24px;height:24px}
.detail{margin:0 0 8px;overflow-wrap:anywhere}
.run{margin:0;color:var(--muted);font-size:13px}
.mark{width:17px;height:17px;fill:none;stroke:var(--tone);stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round;vertical-align:-3px}
.warning{border:1px solid var(--allowed);background:var(--allowed-ground);border-radius:8px;padding:10px 14px;margin:14px 0 0}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin:16px 0 0;padding:0}
.tiles li{background:var(--panel);border-radius:10px;padding:11px 14px;display:flex;flex-direction:column}
.tiles span{color:var(--muted);font-size:12.5px;min-height:1.5em}
.tiles b{font-size:23px;line-height:1.3;font-weight:600;white-space:nowrap}
.tiles small{font-size:14px;font-weight:400;color:var(--muted)}
.columns{display:grid;grid-template-columns:1fr;gap:0}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:7px 10px 7px 0;border-top:1px solid var(--line);font-weight:400}
thead th{color:var(--muted);font-size:12.5px;border-top:0;padding-top:0}
tbody th{font-weight:600;white-space:nowrap}
tbody th span{font-weight:400}
td:has(>.mark){width:28px}
tr>td:first-child>.mark{display:block;margin-top:2px}
.number{text-align:right;white-space:nowrap}
th.number:last-child,td.number:last-child{padding-right:0}
.figures tbody th{width:22%}
.scroll{overflow-x:auto}
.note{color:var(--muted);font-size:13px;margin:4px 0 0;overflow-wrap:anywhere}
details{margin:6px 0 0}
summary{cursor:pointer;color:var(--muted);font-size:13px}
.example{background:var(--panel);border-radius:8px;padding:10px 14px;margin:8px 0 0;font-size:13px}
.example p{margin:0 0 6px;overflow-wrap:anywhere}
.events{list-style:none;margin:0;padding:0}
.events li{display:flex;gap:12px}
.events time{color:var(--muted);min-width:76px;text-align:right}
.offsets{margin:8px 0 0;font-size:12.5px;width:auto}
.offsets td,.offsets th{padding:2px 18px 2px 0;border:0}
figure{margin:0}
figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--muted);font-size:13px;margin-top:6px}
figure+.scroll{margin-top:16px}
.narrow{display:none}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:10px 24px;margin:0}
dl div{min-width:0}
dt{color:var(--muted);font-size:12.5px}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--panel);border-radius:8px;padding:12px 14px;margin:8px 0 0;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.config{margin-top:8px;font-size:13px}
@media (max-width:640px){
main{padding:14px 14px 40px}
.verdict{padding:14px 16px}
h1{font-size:17px}
.wide{display:none}.narrow{display:block}
.tiles{grid-template-columns:1fr 1fr}
tbody th{white-space:normal}
tbody th span{display:block}
.rules>tbody>tr{display:grid;grid-template-columns:28px minmax(0,1fr);border-top:1px solid var(--line);padding:7px 0}
.rules>tbody>tr>*{border:0;padding:0}
.rules>tbody>tr>td:last-child{grid-column:2}
.rules>tbody>tr>th span{display:inline}
.trends thead{display:none}
.trends>tbody>tr{display:grid;grid-template-columns:minmax(0,1fr) auto;border-top:1px solid var(--line);padding:7px 0}
.trends>tbody>tr>*{border:0;padding:0}
.trends>tbody>tr>td:last-child{grid-column:1/-1;color:var(--muted);font-size:13px}
}
@media print{
body{font-size:11pt}
main{max-width:none;padding:0}
.wide{display:block}.narrow{display:none}
section,.example,tr{break-inside:avoid}
.verdict,.tiles li,.example,pre{border:1px solid var(--line)}
}
`;
