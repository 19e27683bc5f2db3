"""What capacity a service needs and what it costs, found before anything is deployed.

Owns demand, capacity simulation and cost, as pure functions over the blueprint and the environment, and the
facts about machines that they rest on (`instances`). It touches no network, imports no Pulumi and renders
nothing: `serving.report` does.
"""
