"""Facts of asynchronous delivery that the infrastructure and the program beside the server must share."""

from __future__ import annotations

from typing import Final

REQUEST_ATTRIBUTE: Final = "request_id"
"""Partition key of the table of tickets: one caller's one request, however often it is sent."""

EXPIRY_ATTRIBUTE: Final = "expires_at"
"""Unix time after which a ticket is deleted."""

DELIVERIES_PATH: Final = "/deliveries"
"""Below it, by its id, a caller finds what has become of a request."""

WAITING_METRIC: Final = "serving_stages_waiting_requests"
"""Gauge: requests in the queue, as every replica sees it."""

IDEMPOTENCY_HEADER: Final = "idempotency-key"
"""By this request header a caller says that it sends the same request again (draft-ietf-httpapi-idempotency-key)."""

PREFER_HEADER: Final = "prefer"
LATER: Final = "respond-async"
"""By this preference a caller asks to be answered later (RFC 7240, section 4.1)."""
