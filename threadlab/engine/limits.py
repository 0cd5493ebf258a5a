"""Rate limits: the wording and the headers of a 429."""

from threadlab import errors


def rate_limit_error(
    retry_after: str | None, model: str = "gpt-4o", kind: str = "requests", limit: int = 500, used: int = 500
) -> errors.ApiError:
    """A 429 as the API worded it (seen). `retry_after` in seconds becomes the header; None leaves it out."""
    wait = float(retry_after) if retry_after is not None else 1.0
    unit = {"requests": "requests per min (RPM)", "tokens": "tokens per min (TPM)"}[kind]
    headers = {
        f"x-ratelimit-limit-{kind}": str(limit),
        f"x-ratelimit-remaining-{kind}": "0",
        f"x-ratelimit-reset-{kind}": f"{wait:g}s",
    }
    if retry_after is not None:
        headers["retry-after"] = f"{wait:g}" if wait % 1 else str(int(wait))
    return errors.ApiError(
        429,
        f"Rate limit reached for {model} in organization org-threadlab on {unit}: Limit {limit}, Used {used}, Requested 1. "
        f"Please try again in {wait:g}s. Visit https://platform.openai.com/account/rate-limits to learn more.",
        type=kind,
        code="rate_limit_exceeded",
        headers=headers,
    )
