"""Which model names are accepted: any that was ever real, by family."""

import re

_DATE = r"(-\d{4}(-\d{2}-\d{2})?|-\d{4})?"
_FAMILIES = (
    r"gpt-3\.5-turbo(-16k|-instruct)?",
    r"gpt-4(-32k|-turbo|-turbo-preview|-vision-preview|-vision|-1106-preview|-0125-preview|-1106-vision-preview)?",
    r"gpt-4\.5-preview",
    r"gpt-4\.1(-mini|-nano)?",
    r"gpt-4o(-mini)?(-audio|-realtime|-search)?(-preview)?",
    r"chatgpt-4o-latest",
    r"gpt-5(\.\d)?(-mini|-nano|-pro|-codex|-codex-mini|-codex-max|-chat-latest|-chat|-luna|-sol|-terra)?",
    r"gpt-6(\.\d)?(-astra|-sol|-luna)?",
    r"o1(-mini|-preview|-pro)?",
    r"o3(-mini|-pro|-deep-research)?",
    r"o4-mini(-deep-research)?",
    r"codex-mini-latest",
    r"text-davinci-00[123]",
    r"(davinci|curie|babbage|ada|babbage-002|davinci-002)",
    r"gpt-oss-(20b|120b)",
)
_REAL = re.compile(rf"(ft:)?({'|'.join(_FAMILIES)}){_DATE}(:[\w.:-]+)?")


def was_ever_real(model: str) -> bool:
    """Whether a model of this name existed, fine-tuned ones (`ft:…`) included."""
    return _REAL.fullmatch(model) is not None


KNOWN: dict[str, int] = {
    "gpt-3.5-turbo": 1_677_610_602,
    "gpt-3.5-turbo-0125": 1_706_048_358,
    "gpt-4": 1_687_882_411,
    "gpt-4-1106-preview": 1_698_957_206,
    "gpt-4-turbo": 1_712_361_441,
    "gpt-4o": 1_715_367_049,
    "gpt-4o-mini": 1_721_172_741,
    "gpt-4.1": 1_744_316_542,
    "gpt-4.1-mini": 1_744_318_173,
    "o1": 1_734_375_816,
    "o3-mini": 1_737_146_383,
}
"""Models that a list shows, with when they were made (seconds since 1970), as the API gave it."""
