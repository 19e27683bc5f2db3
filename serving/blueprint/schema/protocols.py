"""The public schemas that known protocols bring with them, so that a blueprint need not repeat them.

Each is the subset of the protocol that the platform routes and checks. Sources (docs/facts.md):
OpenAI API reference ("Create chat completion", "Create embeddings"); Open Inference Protocol v2
(github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {
            "enum": [
                "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
                "FP16", "FP32", "FP64", "BYTES",
            ]
        },
        "data": {"type": "array"},
    },
}  # fmt: skip

_USAGE = {
    "type": "object",
    "required": ["prompt_tokens", "total_tokens"],
    "properties": {
        "prompt_tokens": {"type": "integer", "minimum": 0},
        "completion_tokens": {"type": "integer", "minimum": 0},
        "total_tokens": {"type": "integer", "minimum": 0},
    },
}

_MESSAGE = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {
        "role": {"enum": ["system", "user", "assistant", "tool"]},
        "content": {"type": "string"},
    },
}

_CHAT_REQUEST = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string", "minLength": 1},
        "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
        "max_tokens": {"type": "integer", "minimum": 1},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "stream": {"type": "boolean"},
    },
}

_CHAT_RESPONSE = {
    "type": "object",
    "required": ["id", "model", "choices"],
    "properties": {
        "id": {"type": "string"},
        "model": {"type": "string"},
        "choices": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["index", "message", "finish_reason"],
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    "message": _MESSAGE,
                    "finish_reason": {"enum": ["stop", "length", "tool_calls", "content_filter"]},
                },
            },
        },
        "usage": _USAGE,
    },
}

_EMBEDDING_REQUEST = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {
        "model": {"type": "string", "minLength": 1},
        "input": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    },
}

_EMBEDDING_RESPONSE = {
    "type": "object",
    "required": ["model", "data", "usage"],
    "properties": {
        "model": {"type": "string"},
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "embedding"],
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    "embedding": {"type": "array", "items": {"type": "number"}},
                },
            },
        },
        "usage": _USAGE,
    },
}

_INFER_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
    },
}

_INFER_RESPONSE = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "minItems": 1, "items": _TENSOR},
    },
}

PUBLIC_SCHEMAS: Mapping[tuple[str, str | None], Mapping[str, Mapping[str, Any]]] = {
    ("openai", "chat-completions"): {"request": _CHAT_REQUEST, "response": _CHAT_RESPONSE},
    ("openai", "embeddings"): {"request": _EMBEDDING_REQUEST, "response": _EMBEDDING_RESPONSE},
    ("open-inference-v2", None): {"request": _INFER_REQUEST, "response": _INFER_RESPONSE},
}
"""(protocol, task) -> {"request": schema, "response": schema}."""

PUBLIC_PATHS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("openai", "chat-completions"): ("/v1/chat/completions", "/v1/models"),
    ("openai", "embeddings"): ("/v1/embeddings", "/v1/models"),
}
"""(protocol, task) -> where requests are posted, then what clients read beside. The Open Inference Protocol writes the
model's name into its path, so that a contract has to say it."""
