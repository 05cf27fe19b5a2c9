"""How the page in HTML looks: light and dark, wide and narrow, and on paper."""

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--soft:#f5f7f9;--line:#d5dbe1;--grid:#e6eaee;--text:#1b2127;--dim:#57606a;
--bad:#c5221f;--bad-bg:#fdecea;--good:#146c2e;--good-bg:#e8f5ec;--unsure:#8a5300;--unsure-bg:#fff5dc;
--copy:#1d6fd1;--orphan:#7d8793;--target:#d3ecdb}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0f1419;--soft:#171d24;--line:#36404a;--grid:#232b33;
--text:#e4e9ee;--dim:#9aa5b1;--bad:#ff7b72;--bad-bg:#3a1715;--good:#57c878;--good-bg:#12301c;--unsure:#e3b341;
--unsure-bg:#33270a;--copy:#58a6ff;--orphan:#98a3af;--target:#173a25}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem clamp(.8rem,2.5vw,2.5rem) 4rem;max-width:110rem;background:var(--bg);
color:var(--text);font:.9375rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums}
h1,h2,h3,p,ul,dl{margin:0;padding:0}
ul{list-style:none}
small,.dim{color:var(--dim);font-size:.87em}
a{color:inherit}
.bad{--tone:var(--bad);--tone-bg:var(--bad-bg)}
.good{--tone:var(--good);--tone-bg:var(--good-bg)}
.unsure{--tone:var(--unsure);--tone-bg:var(--unsure-bg)}
.breach{--mark:var(--bad)}.in_time{--mark:var(--good)}.unread,.unsure,.none_yet,.stray{--mark:var(--unsure)}.no_target{--mark:var(--dim)}
.late{--mark:var(--bad)}
header,.notice{border:1px solid var(--tone);border-left-width:.5rem;border-radius:.5rem;background:var(--tone-bg);
padding:1rem 1.25rem;margin-bottom:1rem;overflow-wrap:anywhere}
header p{margin:.35rem 0}
h1{font-size:clamp(1.4rem,1rem + 1.7vw,2.1rem);line-height:1.2;display:flex;gap:.75rem;align-items:center}
h1 i{flex:none;width:1.5em;height:1.5em;border-radius:50%;background:var(--tone);color:var(--bg);display:grid;
place-items:center;font-style:normal;font-weight:700;font-size:.85em}
.chips{display:flex;flex-wrap:wrap;gap:.4rem .5rem;margin-top:.8rem}
.chips li{background:var(--bg);border:1px solid var(--line);border-radius:1rem;padding:.1rem .75rem;white-space:nowrap}
.chips b{color:var(--mark,var(--bad))}
.notice{padding:.6rem 1.1rem}
.notice h2{font-size:1rem;color:var(--tone)}
.notice.bad h2{font-size:1.25rem}
.notice ul{list-style:disc;padding-left:1.2rem}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:0 0 1rem}
section:not(.notice){margin-top:2rem}
section:not(.notice)>h2{font-size:1.2rem;font-weight:650;margin-bottom:.5rem}
summary{cursor:pointer;font-weight:650;color:var(--tone)}
.scroll{overflow:auto;max-height:90vh;border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.87rem}
th,td{padding:.32rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid);white-space:nowrap}
tr:last-child>*{border-bottom:0}
thead th{position:sticky;top:0;z-index:2;background:var(--soft);border-bottom:1px solid var(--line);color:var(--dim);
font-weight:600}
tbody th{font-weight:600;position:sticky;left:0;background:var(--bg);max-width:20rem;white-space:normal;
overflow-wrap:anywhere;min-width:12.5rem}
.standing{color:var(--mark);font-weight:600}
.ocid{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--dim)}
td.ocid{white-space:normal;overflow-wrap:anywhere;min-width:12em}
#to-be-looked-at td,#all-figures td{white-space:normal}
#to-be-looked-at td:nth-child(2){overflow-wrap:anywhere;min-width:8rem}
#to-be-looked-at td:nth-child(n+3):nth-child(-n+4){white-space:nowrap}
#all-figures .standing,#all-figures td:nth-child(3){white-space:nowrap}
#all-figures thead th{white-space:normal}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.2rem 0 .6rem;font-size:.87rem;color:var(--dim)}
.key li{display:flex;align-items:center;gap:.35rem}
.key svg{width:16px;height:22px;flex:none}
.source,.axis{display:grid;grid-template-columns:14rem minmax(0,1fr);gap:0 1rem;align-items:center}
.source{padding:.4rem 0;border-top:1px solid var(--grid);break-inside:avoid;content-visibility:auto;
contain-intrinsic-size:auto 64px}
.row{display:grid;grid-template-columns:8.5rem minmax(0,1fr) 13.5rem;gap:0 .8rem;align-items:center;min-height:26px}
.who{line-height:1.25;min-width:0}
.who b{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere}
.where{color:var(--dim);font-size:.87rem;overflow-wrap:anywhere;line-height:1.2}
.age{line-height:1.2}.age b,.row:not(.unread) small{white-space:nowrap}
.age b{color:var(--mark)}
h3{font-size:1rem;margin:1rem 0 .3rem;color:var(--mark)}
.axis{position:sticky;top:0;z-index:3;background:var(--bg);border-bottom:1px solid var(--line);padding-top:.3rem}
.days{position:relative;height:1.5rem;font-size:.8rem;color:var(--dim)}
.days i{position:absolute;transform:translateX(-50%);font-style:normal;white-space:nowrap}
.days .now{left:100%;font-weight:650;color:var(--text)}
.marks{position:absolute}
.lane,.lane svg{display:block;width:100%;height:22px;overflow:visible}
path,circle{fill:none;vector-effect:non-scaling-stroke}
svg{forced-color-adjust:none;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.line{stroke:var(--grid)}.line.strong{stroke:var(--line)}
.target{stroke:var(--target);stroke-width:22}
.dark{stroke:var(--dim);stroke-width:8;stroke-dasharray:2 6;opacity:.35}
.gap{stroke:var(--bad);stroke-width:5;opacity:.6}
.gap.lasts{stroke-width:12;opacity:.85}
.copies{stroke:var(--copy);stroke-width:7;stroke-linecap:round}
.orphans{stroke:var(--orphan);stroke-width:2.5}.orphans.dense{stroke-width:1.5;opacity:.8}
.copy{fill:var(--copy)}
.transit{fill:var(--bg);stroke:var(--unsure);stroke-width:2.2}
.stuck{stroke:var(--bad)}.core{fill:var(--bad)}
.faulty{stroke:var(--bad);stroke-width:2.5;stroke-linecap:round}.halo{stroke:var(--bg);stroke-width:5.5}
.older{stroke:var(--dim);stroke-width:2;stroke-linecap:round}
dl{display:grid;grid-template-columns:10rem 1fr;gap:.4rem 1rem;max-width:60rem}
dt{font-weight:600}dd{margin:0}
@media screen and (max-width:64rem){
.source,.axis{grid-template-columns:minmax(0,1fr)}
.source{padding:.6rem 0}
.row{grid-template-columns:1fr auto;padding:.15rem .5rem .15rem .2rem}
.lane{grid-row:2;grid-column:1/-1;margin:.1rem 0 .3rem}
.axis .none{display:none}.axis .days{grid-column:1/-1;font-size:.73rem}
.who{display:flex;gap:.6rem;align-items:baseline;margin-bottom:.15rem}.who small{flex:none}
tbody th{max-width:10rem;min-width:8.5rem}
td.ocid{min-width:14rem}}
@media screen and (max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
@media screen{
#all-figures table{font-size:.8rem}
#all-figures th,#all-figures td{padding:.32rem .27rem}
#all-figures tbody th{min-width:8rem}}
@media print{
@page{size:A4 landscape;margin:10mm}
html{font-size:11px}
body{padding:0;max-width:none}
nav{display:none}
header,.notice{break-inside:avoid;print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}
h2,h3,.key{break-after:avoid}
section:not(.notice){margin-top:1rem}
.scroll{overflow:visible;max-height:none;border:0}
table{font-size:8px}
th,td{padding:.15rem .25rem;white-space:normal}
tr{break-inside:avoid}
thead th,tbody th,.axis{position:static}
.ocid{overflow-wrap:anywhere;max-width:12rem}
.source{content-visibility:visible;padding:.15rem 0}}
"""
