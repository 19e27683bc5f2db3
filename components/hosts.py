"""Names under which a service is reached besides its public host.

Owns the one rule that several parts must follow alike: certificates, routes, health checks and records.
"""


def regional_host(host: str, region: str) -> str:
    """The host of a service in one region.

    Health checks come in by it, through the same certificate, firewall and route as users, but always to one
    region; a check of the public host would be answered by whichever region still works.
    """
    return f"{region}.{host}"
