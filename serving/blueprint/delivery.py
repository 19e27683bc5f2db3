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

LEASE_MARGIN_SECONDS: Final = 5
"""A lease ends before its reference is seen again, so that the next worker finds it free."""

ATTEMPT_MARGIN_SECONDS: Final = 2 * LEASE_MARGIN_SECONDS
"""What an attempt takes beside the request itself: fetching it, storing its answer, and that margin."""

DEAD_LETTER_SECONDS: Final = 1_209_600
"""Dead letters wait for as long as they can: 14 days (botocore 1.44.5, sqs, CreateQueue, MessageRetentionPeriod)."""

RECEIVES_PER_ATTEMPT: Final = 10
"""References may be given back untried (a server that is not there, a replica that ends); the queue itself sets aside
only what comes again and again without an attempt."""

VARIANT_FILE: Final = "variant"
"""In the directory of the settings: what the pod's label says of its version, as the kubelet last saw it."""
