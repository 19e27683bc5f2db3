"""The embedded preview: what a stack would be, found without the Pulumi CLI, an engine or a cloud account.

Owns the way from a project folder to a `plan.Plan`: the unmodified program runs in process under the SDK's
mock monitor, each registration is kept, the unmodified policy pack judges them over its own protocol, and
two plans can be compared. It is no engine: it knows no state, calls no provider, and says so in the plan.
Renderings are in `serving.report`.
"""
