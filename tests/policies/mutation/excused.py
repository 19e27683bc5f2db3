"""Rules that no mutant exercises, and rules that find something in the clean stack, each with the reason.

Owns the two lists alone. A rule that is on the first and is exercised all the same fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping

_BROKEN = "the clean stack breaks it knowingly (`ADVISED`) wherever it could be broken; its samples show both sides"

UNEXERCISED: Mapping[str, str] = {
    "canary-synthetics": _BROKEN,
    "drift-skew-alarm": _BROKEN,
    "exception-ttl": "it judges waivers, which are configuration; tests/policies/samples/exception_ttl.py spoils them",
    "policy-configuration": "it judges configuration; tests/policies/samples/policy_configuration.py spoils that",
    "postmortem-actions": "what it demands is a parameter; tests/policies/samples/postmortem_actions.py sets it",
    "sbom-mlbom-ref": _BROKEN,
    "stack-env-tags": "it judges tags of the stack, which are configuration; tests/policies/samples/stack_env_tags.py",
    "unknowns-fail-closed": "it judges configuration; tests/policies/samples/unknowns_fail_closed.py spoils that",
}

ADVISED: Mapping[str, str] = {
    "admission-verify-images": "signatures are verified once an environment states keys (`registry.signature_keys`)",
    "canary-synthetics": "health checks ask from outside; nothing asks yet whether the answer is right",
    "chaos-guarded": "failures are rehearsed in tests/cluster; there is no experiment in the cloud yet",
    "drift-skew-alarm": "drift of a model is not measured by the platform yet",
    "iam-boundary": "boundaries are the organisation's, who has service control policies for the same",
    "sbom-mlbom-ref": "the registry keeps these documents beside the image, by its digest",
}
"""Rules at level advisory that the clean stack breaks knowingly; one that could not judge is named `rule (state)`."""
