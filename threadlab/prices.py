"""What models cost: from which day each price held, on which day the model leaves the API, and where both were published.

The same name can have several rows: `gpt-4o` became cheaper on the day when it began to stand for another snapshot. Looked up on
2026-11-29. These are the standard prices for up to 272,000 tokens of input; cached input costs less, and newer models charge more for
writing to the cache and for longer prompts. What you pay today is on the price list of the company that bills you.
"""

from typing import TypedDict

PER = 1_000_000
"""How many tokens a price is for."""


class Price(TypedDict):
    """US dollars for a million tokens, as decimal numbers in text: a binary fraction would not be the price."""

    model: str
    since: str
    """The first day on which it held, YYYY-MM-DD."""
    input: str
    """For what a run reads (`prompt_tokens`)."""
    output: str
    """For what it writes (`completion_tokens`)."""
    ends: str
    """The day on which the model leaves the hosted API; empty: none was announced."""
    source: str


PUBLISHED: tuple[Price, ...] = (
    {
        "model": "gpt-4-1106-preview",
        "since": "2023-11-06",
        "input": "10.00",
        "output": "30.00",
        "ends": "2026-10-23",
        "source": "OpenAI, announcement at DevDay, 2023-11-06 ($0.01 and $0.03 for a thousand)",
    },
    {
        "model": "gpt-3.5-turbo-0125",
        "since": "2024-01-25",
        "input": "0.50",
        "output": "1.50",
        "ends": "2026-10-23",
        "source": "OpenAI, announcement of new models and lower prices, 2024-01-25 ($0.0005 and $0.0015 for a thousand)",
    },
    {
        "model": "gpt-4-turbo",
        "since": "2024-04-09",
        "input": "10.00",
        "output": "30.00",
        "ends": "2026-10-23",
        "source": "OpenAI, model page of gpt-4-turbo (developers.openai.com/api/docs/models/gpt-4-turbo)",
    },
    {
        "model": "gpt-4o",
        "since": "2024-05-13",
        "input": "5.00",
        "output": "15.00",
        "ends": "2027-01-14",
        "source": "OpenAI, pricing page, quoted on 2024-09-20 in promptfoo/promptfoo#1728",
    },
    {
        "model": "gpt-4o-mini",
        "since": "2024-07-18",
        "input": "0.15",
        "output": "0.60",
        "ends": "2027-01-14",
        "source": "OpenAI, announcement of GPT-4o mini, 2024-07-18",
    },
    {
        "model": "gpt-4o-2024-08-06",
        "since": "2024-08-06",
        "input": "2.50",
        "output": "10.00",
        "ends": "2027-01-14",
        "source": "OpenAI, pricing page, quoted on 2024-09-20 in promptfoo/promptfoo#1728",
    },
    {
        "model": "gpt-4o",
        "since": "2024-10-02",
        "input": "2.50",
        "output": "10.00",
        "ends": "2027-01-14",
        "source": "OpenAI, mail to developers (gpt-4o stands for gpt-4o-2024-08-06 from this day), quoted in ogkalu2/comic-translate#138",
    },
    {
        "model": "gpt-4.1",
        "since": "2025-04-14",
        "input": "2.00",
        "output": "8.00",
        "ends": "2027-01-14",
        "source": "OpenAI, announcement of GPT-4.1 in the API, 2025-04-14",
    },
    {
        "model": "gpt-4.1-mini",
        "since": "2025-04-14",
        "input": "0.40",
        "output": "1.60",
        "ends": "2027-01-14",
        "source": "OpenAI, announcement of GPT-4.1 in the API, 2025-04-14",
    },
    {
        "model": "gpt-5.6-luna",
        "since": "2026-07-09",
        "input": "1.00",
        "output": "6.00",
        "ends": "",
        "source": "OpenAI, pricing page, quoted in the notes of TheKrush/PromptFuel v1.0.19 and by docs.laozhang.ai on 2026-07-30",
    },
    {
        "model": "gpt-5.6-luna",
        "since": "2026-07-30",
        "input": "0.20",
        "output": "1.20",
        "ends": "",
        "source": "OpenAI, price cut of 80 %, quoted in the notes of TheKrush/PromptFuel v1.0.19 and by docs.laozhang.ai on 2026-07-30",
    },
    {
        "model": "gpt-6-sol",
        "since": "2026-09-22",
        "input": "2.00",
        "output": "10.00",
        "ends": "",
        "source": "OpenAI, pricing page of 2026-09-22, quoted in the notes of merefield/codexometer v0.18.4",
    },
    {
        "model": "gpt-6-luna",
        "since": "2026-09-22",
        "input": "0.10",
        "output": "0.50",
        "ends": "",
        "source": "OpenAI, pricing page of 2026-09-22, quoted in the notes of merefield/codexometer v0.18.4 and in netbirdio/netbird#8664",
    },
)
"""In the order of their days. The ends are OpenAI's notices of 2026-04-22 (quoted in dimagi/open-chat-studio#3208) and of 2026-10-14
(quoted in netbirdio/netbird#8664)."""
