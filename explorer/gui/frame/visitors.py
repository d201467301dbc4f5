"""Who a visitor is: whose browser keeps this secret; at home there is one owner."""

from __future__ import annotations

import hashlib

import gradio as gr

COOKIE = "explorer-visitor"
"""Holds the secret, which is never in an address."""
OWNER = "owner"
"""At home everybody is."""


def visitor_of(request: gr.Request | None) -> str:
    """A folder name for a browser, or for a page of one that keeps no cookies; "" for neither.

    Both the cookie and the session's name come from the browser: untrusted.
    """
    cookies = getattr(request, "cookies", None) or {}
    secret = cookies.get(COOKIE) or getattr(request, "session_hash", None) or ""
    return hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else ""


def address_of(request: gr.Request | None) -> str:
    """Where somebody asks from; "" if that is not known."""
    client = getattr(request, "client", None)
    return getattr(client, "host", None) or ""
