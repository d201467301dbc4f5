"""An SDE, its step and what is known of x(t), with their numbers, in LaTeX."""

from __future__ import annotations

from explorer.gui.lectures.sde.work import VP, Settings
from explorer.gui.parts.numbers import tex

NOTHING = "0"


def equations(s: Settings) -> str:
    """Four formulas, in Markdown. A term of 0 and a factor of 1 are left out."""
    a, b, mean, std = _formulas(s)
    a_n, b_n = (part.replace("x", "x_n").replace("(t)", "(t_n)") for part in (a, b))
    root = rf"\sqrt{{{tex(s.dt)}}}" if s.dt != 1 else "1"
    noise = _product(_product(b_n, root), "z_n", r"\;")
    lines = (
        f"dx = {_sum(_by(a, 'dt'), _by(b, 'dW'))}",
        rf"x_{{n+1}} = {_sum('x_n', _product(a_n, tex(s.dt)), noise)}",
        rf"\mathbb E\,x(t) = {mean}",
        rf"\mathrm{{std}}\,x(t) = {std}",
    )
    start = rf",\quad x(0) = {tex(s.parameters['x0'])}"
    return "\n\n".join(f"${line}{'' if i else start}$" for i, line in enumerate(lines))


def _formulas(s: Settings) -> tuple[str, str, str, str]:
    """a(x, t), b(x, t), E x(t) and the standard deviation."""
    p, start = s.parameters, tex(s.parameters["x0"])
    sigma = tex(p.get("sigma", 0.0))
    if s.name == "brownian":
        return NOTHING, sigma, start, _by(sigma, r"\sqrt t")
    if s.name == "drift":
        spread = _by(sigma, _grown_root(2 * p["k"]))
        return _by(tex(p["k"]), "x"), sigma, _by(start, _exp(p["k"])), spread
    if s.name == "geometric":
        mean, square = _by(start, _exp(p["mu"])), _exp(p["sigma"] ** 2)
        spread = NOTHING if square == "1" else _by(mean, rf"\sqrt{{{square}-1}}")
        return _by(tex(p["mu"]), "x"), _by(sigma, "x"), mean, spread
    if s.name == VP:
        mean = _by(start, r"\sqrt{\bar\alpha(t)}")
        return r"-\tfrac12\beta(t)\,x", r"\sqrt{\beta(t)}", mean, r"\sqrt{1-\bar\alpha(t)}"
    theta, mu = p["theta"], p["mu"]
    pull = _by(tex(theta), f"({tex(mu)}-x)") if mu else _by(tex(-theta), "x")
    mean = _sum(tex(mu), _by(tex(p["x0"] - mu), _exp(-theta)))
    return pull, sigma, mean, _by(sigma, _grown_root(-2 * theta))


def _exp(rate: float) -> str:
    """e^{rate t}."""
    return rf"e^{{{_product(tex(rate), 't', '')}}}" if rate else "1"


def _grown_root(rate: float) -> str:
    """√(∫_0^t e^{rate u} du), which a standard deviation is σ times."""
    if not rate:
        return r"\sqrt t"
    above = rf"{_exp(rate)}-1" if rate > 0 else rf"1-{_exp(rate)}"
    below = tex(abs(rate))
    return rf"\sqrt{{{above}}}" if below == "1" else rf"\sqrt{{\tfrac{{{above}}}{{{below}}}}}"


def _by(factor: str, what: str) -> str:
    return _product(factor, what, r"\,")


def _product(factor: str, what: str, sign: str = r"\cdot ") -> str:
    """Both, with a sign of multiplication between them where both must be written."""
    if NOTHING in (factor, what):
        return NOTHING
    if factor in ("1", "-1"):
        return factor[:-1] + what
    return factor if what == "1" else f"{factor}{sign}{what}"


def _sum(*terms: str) -> str:
    """Those that are not 0, with a minus where one begins with it."""
    text = ""
    for term in (term for term in terms if term != NOTHING):
        minus = term.startswith("-")
        text += (f" - {term[1:]}" if minus else f" + {term}") if text else term
    return text or NOTHING
