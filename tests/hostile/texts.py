"""What somebody may call a model, a class, a lane or a file, to do harm where it is shown."""

from __future__ import annotations

HOST = "hostile.invalid"
"""Is asked for by a page that takes text for more than text; there is no such host."""
RUN = "window.hostile=1"
"""Is set by a page that runs what it should show."""

NAMES = {
    "image": f"![x](http://{HOST}/a.png)",
    "link": f"[x](javascript:{RUN}) [y](http://{HOST})",
    "bare-link": f"www.{HOST} http://{HOST}/a a@{HOST} <http://{HOST}>",
    "markup": f'<img src="http://{HOST}/b.png" onerror="{RUN}">',
    "script": f"</script></title><script>{RUN}</script>",
    "drawing": f"<svg onload={RUN}><image href=http://{HOST}/c.svg></svg>",
    "frame": f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "style": f"<style>*{{background:url(http://{HOST}/d.png)}}</style>",
    "attribute": f"' autofocus onfocus={RUN} x=\" onmouseover={RUN} `",
    "entity": f"&lt;img src=x onerror={RUN}&gt; &amp;#36;",
    "latex": f"$\\href{{javascript:{RUN}}}{{x}}$ $$\\frac12$$ \\(a\\) \\[b\\]",
    "plotly": f'<a href="javascript:{RUN}">x</a><b>b</b><br>%{{y}}<extra></extra>',
    "template": f"{{{{{RUN}}}}} ${{{RUN}}} <%= {RUN} %>",
    "format": "{0.__class__} {} {x!r} %s %(x)s %",
    "python": "''' \"\"\" ');__import__('os').abort()# \\",
    "path": "../../../etc/passwd",
    "address": f"javascript:{RUN}",
    "block": "    # four spaces | a | b |",
    "heading": "# a --- *** > - 1. ~~~ ``` ===",
    "letters": "Füchsin 漢字 عربي 👩\u200d👧 e\u0301",
    "long": "n" * 190,
}
"""Text, however odd: it is taken, and shown as it is."""
NO_NAMES = {
    "zero": "a\0b",
    "line": "a\nb",
    "terminal": "\x1b]0;x\x07\x1b[2J",
    "old-terminal": "\x9b2J",
    "half": "a\ud800b",
    "turned": "\u202egnp.exe",
    "isolated": "\u2067a\u2066",
    "paragraph": "a\u2029b",
    "endless": "n" * 100_000,
}
"""No names: they are refused where they are read."""
