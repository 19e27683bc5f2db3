"""The runbook page of the degradation ladders: each rung of each service with the commands that switch it.

Owns the page's words. The commands are those of `serving.blueprint.ladder`, which the jobs run too: what a person
types is what happens by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serving.blueprint.ladder import DEGRADATION_HEADER, LOW_PRIORITY, PRIORITY_HEADER, Rung, rungs, switch_text
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.degradation import Action, Condition

_HEAD = f"""# Runbook step: the degradation ladder

Rendered from the blueprints by `python -m serving.generate`; do not edit.

A worse answer at once instead of none. Each rung stands ready at the gateway and is switched by one command, in each
region by itself ([decision 0030](../adr/0030-rungs-are-routes-of-their-own.md)). **Alerts that lead here**:
`DegradationStepDue`, `DegradationStepOn`, `DegradationStepLasts`, by way of
[infrastructure-outage](infrastructure-outage.md); they carry both commands (`switch_on`, `switch_off`).

## Before
- Context and variables as in [README](README.md#before-the-first-command). Who may deploy the service may switch.
- KEDA switches by itself when the blueprint's condition holds, and back when its other condition does. What a person
  switches on, only a person switches off.
- Against KEDA, a step is kept off by **platform**: `kubectl -n "$TENANT" annotate scaledjob "$SERVICE-ACTION-on"
  autoscaling.keda.sh/paused=true`; take it away again with `autoscaling.keda.sh/paused-`.
- A rollout that runs has nothing to judge while a rung takes the traffic, and pauses: abort it first, or let it
  measure again afterwards ([model-staleness](model-staleness.md), B).
- Take the rungs in their order, the mildest first. A harsher one wins over a milder one that is on as well; who is shed
  stays shed.

## What is on
```sh
kubectl -n "$TENANT" get httproutes -o custom-columns=\\
'ROUTE:.metadata.name,GATEWAY:.spec.parentRefs[*].name,BY:.metadata.annotations.serving\\.blueprint/switched-by'
```
A rung without a gateway is off. Answers of one that is on carry `{DEGRADATION_HEADER}`; `{Action.SHED_LOW_PRIORITY}`
shows only on requests with `{PRIORITY_HEADER}: {LOW_PRIORITY}`.

## Rungs
Every command may be given twice; the second time changes nothing.
"""

_TAIL = f"""## Verify
- An answer carries the response header `{DEGRADATION_HEADER}` with the rung's name, in each region where it is on.
- `kubectl -n "$TENANT" get httproute "$SERVICE-ACTION" -o jsonpath='{{.status.parents[*].conditions}}'`: `Accepted` and
  `ResolvedRefs` are `True`. If not, the gateway answers 500: switch it off.
- After switching off, the header is gone and the service's own errors and latency stay below the rung's threshold.
"""

_EFFECTS = {
    Action.SHED_LOW_PRIORITY: f"requests with `{PRIORITY_HEADER}: {LOW_PRIORITY}` get 429 and `retry-after`",
    Action.SMALLER_MODEL: "the smaller model answers everybody; watch its HorizontalPodAutoscaler `$SERVICE-fallback`",
    Action.STATIC_ANSWER: "the gateway gives the blueprint's `static_answer` to everybody; no model is asked",
}


def render(blueprints: Iterable[Blueprint]) -> str:
    """The page, Markdown."""
    parts = [_HEAD, *(_service(blueprint) for blueprint in blueprints if rungs(blueprint)), _TAIL]
    return "\n".join(parts)


def _service(blueprint: Blueprint) -> str:
    return "\n".join([f"### {blueprint.name}", *(line for rung in rungs(blueprint) for line in _rung(rung))])


def _rung(rung: Rung) -> Iterator[str]:
    yield f"**{rung.number}. `{rung.action}`**: {_EFFECTS[rung.action]}."
    yield f"Due when {_condition(rung.step.when)}; over when {_condition(rung.step.until)}."
    yield "```sh"
    yield f"# on\n{switch_text(rung, on=True)}"
    yield f"# off\n{switch_text(rung, on=False)}"
    yield "```\n"


def _condition(condition: Condition) -> str:
    side, threshold = ("above", condition.above) if condition.above is not None else ("below", condition.below)
    return f"`{condition.signal}` is {side} {threshold:g} {condition.signal.unit} for {condition.for_seconds} s"
