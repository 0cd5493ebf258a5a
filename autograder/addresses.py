"""Addresses to listen on."""

from __future__ import annotations

import contextlib
import ipaddress


def is_loopback(address: str) -> bool:
    """Whether only this computer can reach what listens at this address."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return address == "localhost"
