"""Rate limits: what is left of each, the wording of a 429 and the headers.

Each limit is a bucket that holds a minute's worth and fills up again steadily, as the API's limits did (official text: they are
enforced over shorter spans than the minute they are told for).
"""

import math
from collections.abc import Iterable

from threadlab.engine.faults import Limit, Unit
from threadlab.wire import errors

UNITS: dict[Unit, str] = {"requests": "requests per min (RPM)", "tokens": "tokens per min (TPM)"}
_MORE = "Visit https://platform.openai.com/account/rate-limits to learn more."


class _Bucket:
    """What is left of one limit, for one project."""

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit, self.left, self._at = limit, float(limit.amount), now

    def fill(self, now: float) -> None:
        self.left = min(self.limit.amount, self.left + (now - self._at) * self.limit.amount / 60)
        self._at = now

    def wait(self, wanted: float) -> float:
        """Seconds until `wanted` is there."""
        return max(0.0, wanted - self.left) * 60 / self.limit.amount


class Limits:
    """The limits of every project. Does nothing, and costs nothing, without any."""

    def __init__(self, limits: Iterable[Limit] = ()) -> None:
        self._limits = {(one.model, one.unit): one for one in limits}
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}
        self.on = bool(self._limits)
        self._first = next(iter(self._limits), ("*", "requests"))[0]

    def _bucket(self, project: str, model: str, unit: Unit, now: float) -> _Bucket | None:
        limit = self._limits.get((model, unit)) or self._limits.get(("*", unit))
        if limit is None:
            return None
        key = (project, limit.model, unit)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(limit, now)
        bucket.fill(now)
        return bucket

    def charge(self, project: str, model: str, tokens: int, now: float) -> None:
        """Take one request and so many tokens of a model, or nothing. Raises ApiError 429."""
        amounts: tuple[tuple[Unit, int], ...] = (("requests", 1), ("tokens", tokens))
        charges = [(bucket, amount) for unit, amount in amounts if (bucket := self._bucket(project, model, unit, now)) is not None]
        for bucket, amount in charges:
            if bucket.left < amount:
                raise exceeded(bucket.limit.unit, model, bucket.limit.amount, bucket.left, amount, bucket.wait(amount))
        for bucket, amount in charges:
            bucket.left -= amount

    def headers(self, project: str, model: str, now: float) -> dict[str, str]:
        """`x-ratelimit-*` for the limits of this model; for a reply that is about none, those of `*` or of the first that is limited."""
        about = model or ("*" if any(name == "*" for name, _ in self._limits) else self._first)
        result: dict[str, str] = {}
        for unit in UNITS:
            bucket = self._bucket(project, about, unit, now)
            if bucket is not None:
                result |= _headers(unit, bucket.limit.amount, int(bucket.left), bucket.wait(bucket.limit.amount))
        return result


def _headers(unit: Unit, limit: int, remaining: int, reset: float) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{unit}": str(limit),
        f"x-ratelimit-remaining-{unit}": str(remaining),
        f"x-ratelimit-reset-{unit}": span(reset),
    }


def span(seconds: float) -> str:
    """A time as these headers told it (seen): `120ms`, `1.78s`, `6m30s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    if seconds < 60:
        return f"{math.ceil(seconds * 1000) / 1000:g}s"
    whole = math.ceil(seconds)
    return f"{whole // 60}m{whole % 60}s"


def exceeded(unit: Unit, model: str, limit: int, left: float, wanted: int, wait: float) -> errors.ApiError:
    """The 429 of a limit (seen); one that no waiting mends when more is wanted at once than the limit has."""
    before = f"{model} in organization org-threadlab on {UNITS[unit]}: Limit {limit}"
    headers = _headers(unit, limit, max(0, int(left)), wait)
    if wanted > limit:
        message = f"Request too large for {before}, Requested {wanted}. The input or output tokens must be reduced. {_MORE}"
    else:
        message = (
            f"Rate limit reached for {before}, Used {limit - int(left)}, Requested {wanted}. Please try again in {span(wait)}. {_MORE}"
        )
        headers["retry-after"] = str(math.ceil(wait))
    return errors.ApiError(429, message, type=unit, code="rate_limit_exceeded", headers=headers)


def fault_429(retry_after: str | None, model: str = "gpt-4o", limit: int = 500) -> errors.ApiError:
    """The 429 of a scenario, where nothing is counted. `retry_after` in seconds becomes the header; None leaves it out."""
    wait = float(retry_after) if retry_after is not None else 1.0
    error = exceeded("requests", model, limit, 0, 1, wait)
    error.headers.pop("retry-after")
    if retry_after is not None:
        error.headers["retry-after"] = f"{wait:g}" if wait % 1 else str(int(wait))
    return error
