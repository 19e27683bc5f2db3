"""The policy pack: what a stack must hold before it is deployed.

Owns rules and their judgement. Rules judge resources by type token and properties, never by who declared
them, so the pack works on stacks that are not ours. Of the project it imports `serving.blueprint` only.
"""
