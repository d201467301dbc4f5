"""Make the errors that Plane shows first, as the panel computes them."""

from __future__ import annotations

from explorer.gui.frame.limits import LOCAL
from explorer.gui.plane.order.work import AGAINST, measure, sentence_of, write


def make_order() -> None:
    """About a second."""
    (order,) = measure("linear", "karras", LOCAL.order_points)
    write(order)
    print(sentence_of(order, AGAINST[0]))
