"""Part `contract.limits`: what one caller, or one request, may ask for.

Owns the shape. The limit of requests is held at the gateway, those of tokens by the program of the ingress stage.
"""

from __future__ import annotations

from pydantic import Field

from serving.blueprint.schema.base import Section


class Limits(Section):
    """What one caller, or one request, may ask for; what is not stated is not limited."""

    requests_per_minute_per_caller: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Requests of one caller a minute and region. Each proxy of the gateway counts its share by itself, "
        "by the second where that is one or more: up to maximum / minimum of the proxies times as much while more of "
        "them run, and less in bursts.",
    )
    max_output_tokens: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Tokens that one request may have generated, all choices together; written into requests that "
        "state none. For `task: chat-completions`.",
    )
    max_prompt_bytes: int | None = Field(
        default=None,
        ge=1,
        le=104_857_600,  # as contract.max_request_bytes
        description="Bytes of all texts of one request, UTF-8. A token is at least one byte, so this bounds prompt "
        "tokens too without knowing the tokenizer. For `protocol: openai`.",
    )
