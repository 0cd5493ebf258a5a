"""The base of what operations accept, as msgspec structs; unknown fields are refused as the API refused them."""

from typing import TypeAlias

import msgspec


class Body(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """The base of every request body."""


# A field that was not sent is UNSET, one sent as null is None: updates must tell them apart.
Unset: TypeAlias = msgspec.UnsetType
UNSET = msgspec.UNSET


class UpdateMetadata(Body, frozen=True):
    metadata: dict[str, str] | Unset | None = UNSET
