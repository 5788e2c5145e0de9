"""How each page of the test data is set: one style sheet per document."""

BASE = """
@page { size: A4; margin: 24mm 22mm 22mm 22mm; }
html { font: 10.5pt/1.42 'Liberation Serif'; hyphenate-character: '-'; }
body { margin: 0; }
h1, h2, h3 { font-family: 'Liberation Sans'; line-height: 1.2; break-after: avoid; hyphens: none; }
h1 { font-size: 22pt; margin: 0 0 4mm; }
h2 { font-size: 14pt; margin: 6mm 0 2mm; }
h3 { font-size: 11.5pt; margin: 4.5mm 0 1.5mm; }
p { margin: 0 0 2.5mm; text-align: justify; hyphens: auto; orphans: 3; widows: 3; }
ul, ol { margin: 0 0 2.5mm; padding-left: 6mm; }
ul { list-style-type: '\\2022\\00a0\\00a0\\00a0'; }
li { margin: 0 0 .8mm; }
li ul, li ol { margin: .8mm 0 0; }
table { border-collapse: collapse; margin: 1mm 0 4mm; font-size: 9.5pt; break-inside: avoid; }
th, td { padding: 1.3mm 3mm; text-align: left; vertical-align: top; }
p.caption { font-size: 9pt; font-style: italic; text-align: left; hyphens: none;
  margin: 0 0 1.5mm; }
"""

RULED = "th, td { border: .6pt solid #333; } th { background: #e9eef2; }"

SMALL = """
@page { size: A5; margin: 15mm 15mm 14mm 15mm; }
html { font-size: 10pt; }
h1 { font-size: 18pt; }
"""

REPORT = """
@page { margin: 27mm 24mm 24mm 24mm;
  @top-left { content: 'Rain Gardens on Mill Street'; font: 8.5pt 'Liberation Sans'; color: #555; }
  @top-right { content: 'Lindholm Water Board'; font: 8.5pt 'Liberation Sans'; color: #555; }
  @bottom-center { content: counter(page); font: 8.5pt 'Liberation Sans'; color: #555; }
}
h1 { color: #17405c; font-size: 25pt; margin-bottom: 2mm; }
h1 + p { font: italic 11.5pt 'Liberation Serif'; color: #444; text-align: left; margin-bottom: 6mm;
  padding-bottom: 3mm; border-bottom: 1.2pt solid #17405c; }
h2, h3 { color: #17405c; }
svg { display: block; width: 132mm; height: 48.4mm; margin: 4mm auto 3mm; }
h3#building { break-before: page; margin-top: 0; }
html { font-size: 11pt; }

svg + p.caption { text-align: center; margin-bottom: 4mm; }
th, td { border: .6pt solid #7d93a3; padding: 1.4mm 5mm; }
th { background: #dfe9f0; }
td:nth-child(n+2), th:nth-child(n+2) { text-align: right; }
tr:last-child td { font-weight: bold; }
"""

# The section drawing of report.pdf: no text in it, so that there is no doubt about what to print.
REPORT_FIGURE = """
<svg viewBox="0 0 120 44" xmlns="http://www.w3.org/2000/svg">
<rect x="0" y="10" width="120" height="34" fill="#cdbfa7"/>
<path d="M18 10 L34 18 L86 18 L102 10 L102 40 L18 40 Z" fill="#8a6d4b"/>
<path d="M26 26 L94 26 L98 33 L22 33 Z" fill="#dcc48c"/>
<path d="M22 33 L98 33 L102 40 L18 40 Z" fill="#9aa3a8"/>
<path d="M30 16 L34 18 L86 18 L90 16 L86 20 L34 20 Z" fill="#5b3d20"/>
<path d="M26 14 L94 14 L86 18 L34 18 Z" fill="#7db4d6" fill-opacity=".75"/>
<rect x="0" y="7.5" width="16" height="3" fill="#777"/><rect x="104" y="7.5" width="16" height="3" fill="#777"/>
<circle cx="60" cy="36.5" r="2" fill="#fff" stroke="#444" stroke-width=".6"/>
<g stroke="#3f7d3a" stroke-width=".7" fill="none">
<path d="M40 18 q-2 -8 -5 -11 M40 18 q0 -9 0 -13 M40 18 q2 -8 5 -10"/>
<path d="M58 18 q-2 -9 -4 -12 M58 18 q0 -10 1 -14 M58 18 q2 -8 6 -11"/>
<path d="M78 18 q-2 -8 -5 -10 M78 18 q0 -9 0 -14 M78 18 q2 -7 5 -10"/>
</g>
</svg>
"""

TWO_COLUMNS = """
@page { size: 176mm 250mm; margin: 20mm 17mm 32mm 17mm;
  @bottom-left { content: element(footnote); vertical-align: top; width: 66mm; margin-top: 3mm; }
  @bottom-right { content: '14'; font: 9pt 'DejaVu Serif'; vertical-align: bottom; padding-bottom: 14mm; }
}
html { font: 9pt/1.38 'DejaVu Serif'; }
h1 { font: bold 20pt 'DejaVu Serif'; text-align: center; margin-bottom: 7mm; }
h2 { font: bold 11.5pt 'DejaVu Serif'; margin: 4.5mm 0 1.5mm; }
.columns { columns: 2; column-gap: 8mm; height: 171mm; }
.columns h2:first-child { margin-top: 0; }
p.footnote { position: running(footnote); font: 7.6pt/1.35 'DejaVu Serif'; text-align: left;
  hyphens: none; border-top: .5pt solid #000; padding-top: 1.5mm; }
sup { font-size: 6pt; line-height: 0; }
"""

TABLES = """
html { font-family: 'Liberation Sans'; font-size: 10pt; }
h1 { font-size: 20pt; }
h2 { margin-top: 5mm; }
p { text-align: left; hyphens: none; }
.t1 th, .t1 td { border: .7pt solid #000; }
.t1 td:nth-child(1), .t1 th:nth-child(1) { width: 25mm; }
.t1 td:nth-child(2), .t1 th:nth-child(2) { width: 52mm; }
.t1 td:nth-child(3), .t1 th:nth-child(3) { width: 45mm; }
.t2 { border-top: 1.2pt solid #000; border-bottom: 1.2pt solid #000; }
.t2 th { border-bottom: .6pt solid #000; }
.t2 th, .t2 td { padding: 1mm 8mm 1mm 1mm; }
.t3 th, .t3 td { text-align: right; padding: .8mm 6mm; }
.t3 th:first-child, .t3 td:first-child { text-align: left; }
.t4 th, .t4 td { border: .7pt solid #444; text-align: center; padding: 1.1mm 6mm; }
.t4 td:first-child, .t4 th[rowspan] { text-align: left; vertical-align: middle; }
"""

LISTS = """
html { font-family: 'DejaVu Sans'; font-size: 10pt; }
h1, h2 { font-family: 'DejaVu Sans'; }
p, li { text-align: left; hyphens: none; }
ul { list-style-type: disc; } ul ul { list-style-type: circle; } ul ul ul { list-style-type: square; }
ol ul { list-style-type: '\\2013\\00a0\\00a0'; }
"""

RUSSIAN = SMALL + """
html { font-family: 'Noto Serif'; font-size: 9.5pt; }
h1, h2 { font-family: 'Noto Sans'; }
"""

ARABIC = SMALL + """
html { font-family: 'Noto Naskh Arabic'; font-size: 11pt; line-height: 1.7; direction: rtl; }
h1, h2 { font-family: 'Noto Naskh Arabic'; font-weight: bold; }
p { text-align: right; hyphens: none; }
"""

JAPANESE = SMALL + """
html { font-family: 'Noto Serif CJK JP'; font-size: 10.5pt; line-height: 1.75; }
h1, h2 { font-family: 'Noto Sans CJK JP'; }
p { hyphens: none; text-indent: 1em; }
"""

CODE = SMALL + """
html { font-family: 'Liberation Sans'; }
p { text-align: left; hyphens: none; }
pre { font: 8.6pt/1.35 'Liberation Mono'; background: #f2f2f2; padding: 3mm 4mm; margin: 1mm 0 3.5mm; }
pre code { font: inherit; }
"""

LEFT = "p { text-align: left; hyphens: none; }"

ROTATED = """
@page { size: 595pt 420pt; margin: 40pt 50pt; }
html { font-family: 'Liberation Sans'; }
""" + LEFT + RULED

TWO_COLUMNS_SCAN = """
@page { size: 148mm 160mm; margin: 14mm 12mm 14mm 12mm;
  @bottom-center { content: counter(page); font: 8pt 'Liberation Serif'; } }
html { font: 10.4pt/1.36 'Liberation Serif'; }
h1 { font: bold 19pt 'Liberation Serif'; text-align: center; margin-bottom: 5mm; }
h2 { font: bold 12pt 'Liberation Serif'; margin: 0 0 1.2mm; }
p { margin-bottom: 2.4mm; }
.columns { columns: 2; column-gap: 7mm; }
.columns + .columns { break-before: page; }
.columns h2:first-child { margin-top: 0; }
"""

PHOTO = """
@page { size: 150mm 110mm; margin: 14mm; }
html { font: 12pt/1.4 'Liberation Serif'; }
h1 { font-size: 19pt; }
""" + LEFT

LETTER = SMALL + """
html { font: 10.5pt/1.4 'Liberation Serif'; }
""" + LEFT + """
p:nth-child(3), p:nth-child(4), p:nth-child(7), p:nth-child(10) { margin-top: 7mm; }
"""

INVOICE = SMALL + LEFT + """
html { font: 9.5pt/1.4 'Liberation Sans'; }
table { width: 100%; margin-top: 4mm; }
th { background: #23405a; color: #fff; }
th, td { border-bottom: .5pt solid #9ab; }
th:nth-child(n+2), td:nth-child(n+2) { text-align: right; }
tr:last-child td { font-weight: bold; }
"""

RECEIPT = """
@page { size: 80mm 95mm; margin: 6mm; }
html { font: 9pt/1.35 'DejaVu Sans'; }
h1 { font: bold 13pt 'DejaVu Sans'; text-align: center; margin: 0; }
h1 + p { text-align: center; margin-bottom: 4mm; }
p { text-align: left; hyphens: none; }
table { width: 100%; margin: 2mm 0; font-size: 9pt; }
th { font-weight: normal; }
th, td { padding: .6mm 0; }
th:last-child, td:last-child { text-align: right; }
tr:last-child td { border-top: .6pt solid #000; font-weight: bold; }
"""

NEWSPAPER = """
@page { size: 210mm 200mm; margin: 12mm; }
html { font: 9pt/1.35 'Liberation Serif'; }
h1 { font: bold 30pt 'Liberation Serif'; text-align: center; border-bottom: 1pt solid #000;
  padding-bottom: 3mm; }
h2 { font: bold 14pt/1.15 'Liberation Serif'; margin: 0 0 2mm; }
p + h2 { margin-top: 5mm; break-before: column; }
.columns { columns: 3; column-gap: 6mm; column-rule: .4pt solid #888; height: 95mm; column-fill: auto; }
"""

CONTENTS = SMALL + LEFT + """
p { margin: 0 0 1.6mm; }
p .dots::before { content: leader(' . '); }
"""

INDEX = SMALL + LEFT + """
html { font: 8.5pt/1.4 'Liberation Serif'; }
h1 { font-size: 16pt; }
p { margin: 0; }
.columns { columns: 4; column-gap: 5mm; }
"""

SLIDES = """
@page { size: 254mm 143mm; margin: 16mm 20mm; }
html { font: 22pt/1.4 'Liberation Sans'; }
h1 { font-size: 34pt; color: #9c2f1b; margin-bottom: 9mm; }
h1 + ul { margin-bottom: 0; }
ul + h1 { break-before: page; }
li { margin-bottom: 4mm; }
p, li { hyphens: none; text-align: left; }
"""

FORM = SMALL + LEFT + """
table { width: 100%; margin: 4mm 0 6mm; }
th { font-weight: normal; }
th, td { border: .6pt solid #333; height: 7mm; }
td:first-child, th:first-child { width: 38mm; background: #f0f0ea; }
p:last-child { margin-top: 16mm; border-top: .6pt solid #000; width: 60mm; font-size: 8.5pt; }
"""

TABLE_BREAK = """
@page { size: A5; margin: 20mm 15mm 18mm; @bottom-center { content: counter(page); font: 8pt 'Liberation Sans'; } }
html { font: 9.5pt/1.4 'Liberation Sans'; }
h1 { font-size: 17pt; }
p { text-align: left; hyphens: none; }
table { width: 100%; break-inside: auto; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { padding: 2.4mm 3mm; border-bottom: .5pt solid #888; }
th:nth-child(n+2), td:nth-child(n+2) { text-align: right; }
"""

NUMBERED = SMALL + LEFT + """
h1 { font-size: 16pt; margin: 6mm 0 2mm; } h2 { font-size: 12.5pt; } h3 { font-size: 10.5pt; }
"""

FOOTNOTES = SMALL + LEFT + """
@page { @bottom-left { content: element(notes); width: 118mm; vertical-align: top; } margin-bottom: 40mm; }
.notes { position: running(notes); border-top: .5pt solid #000; padding-top: 1.5mm; }
.notes p { font-size: 8pt; margin: 0 0 1mm; }
sup { font-size: 6.5pt; line-height: 0; }
"""

SIDEBAR = """
@page { size: A5 landscape; margin: 15mm; }
html { font: 10pt/1.4 'Liberation Serif'; }
h1 { font-size: 18pt; }
h2 { font-size: 11pt; margin: 0 0 1mm; }
.main { width: 112mm; }
.side { position: absolute; right: 0; top: 14mm; width: 48mm; background: #eee8d5; padding: 4mm;
  font-family: 'Liberation Sans'; font-size: 8.5pt; }
""" + LEFT

GROUPED = SMALL + LEFT + """
html { font: 10pt/1.4 'Liberation Sans'; }
th, td { padding: 1.1mm 6mm 1.1mm 0; }
td, th { vertical-align: top; }
tr:first-child th { padding-bottom: 2mm; }
"""
