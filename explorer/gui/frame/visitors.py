"""Who a visitor is: whose browser keeps this secret; at home there is one owner."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import secrets
from typing import Any

import gradio as gr

COOKIE = "explorer-visitor"
"""Holds the secret, which is never in an address; `door.py` sets it with the page."""
OWNER = "owner"
"""At home everybody is."""
WITHOUT_COOKIE = (
    "Your browser does not keep this app's cookie: what you train here belongs to this page only "
    "and is lost when you reload it."
)


def new_secret() -> str:
    """192 random bits: 32 characters that `secret_of` believes."""
    return secrets.token_urlsafe(24)


def secret_of(request: Any) -> str:
    """The secret a request brings; "" unless it has the form of one of ours."""
    cookies = getattr(request, "cookies", None) or {}
    value = cookies.get(COOKIE)
    return value if isinstance(value, str) and re.fullmatch(r"[\w-]{32}", value, re.A) else ""


def visitor_of(request: gr.Request | None) -> str:
    """A folder name for a browser, or for a page of one that keeps no cookies; "" for neither.

    Both the cookie and the session's name come from the browser: untrusted.
    """
    secret = secret_of(request) or getattr(request, "session_hash", None) or ""
    return hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else ""


def cookie_notice(request: gr.Request) -> str:
    """What a hosted page says when it has loaded and brings no cookie; else nothing."""
    return "" if secret_of(request) else WITHOUT_COOKIE


def proxies() -> int:
    """How many proxies of ours every request passes: EXPLORER_PROXIES, else 1 on a Space, else 0.

    ValueError unless it is a number from 0 to 9.
    """
    value = os.environ.get("EXPLORER_PROXIES") or ("1" if os.environ.get("SPACE_ID") else "0")
    if not re.fullmatch("[0-9]", value):
        raise ValueError(f"EXPLORER_PROXIES is {value[:40]!r}; give a whole number from 0 to 9")
    return int(value)


def address_of(request: Any) -> str:
    """The address that asks, "" where it is unknown: of a connection, or of a Gradio request.

    Behind N proxies of ours it is the N-th last entry of X-Forwarded-For, which the first of them
    wrote; what stands before it anybody can make up. Of IPv6 it is the network, as 2001:db8::/64:
    a household has all its 2^64 addresses.
    """
    address = getattr(getattr(request, "client", None), "host", None) or ""
    if trusted := proxies():
        named = _header_lines(request, "x-forwarded-for").split(",")
        if len(named) >= trusted:
            address = named[-trusted].strip() or address
    return _network(address)


def _header_lines(request: Any, name: str) -> str:
    """All lines of a header as one: a client may send a line of its own before the proxy's."""
    headers = getattr(request, "headers", None) or {}
    if hasattr(headers, "getlist"):
        return ",".join(headers.getlist(name))
    return headers.get(name) or ""


def _network(address: str) -> str:
    """Whom an address belongs to; of what is none, its first characters."""
    host = address.rpartition(":")[0] if re.fullmatch(r"[\d.]+:\d+", address) else address
    if bracketed := re.fullmatch(r"\[(.+)\](:\d+)?", host):
        host = bracketed[1]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))
