"""Rules between the parts of an environment, as far as the parts are there (are valid)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from serving.blueprint.environment.backup import BackupSettings, air_gap_findings
from serving.blueprint.environment.cluster import Cluster, NodeStarter
from serving.blueprint.environment.edge import Edge
from serving.blueprint.environment.keys import Keys, key_findings
from serving.blueprint.environment.nodes import CapacityType, NodeGroup
from serving.blueprint.environment.regions import Region, RegionRole
from serving.blueprint.environment.routing import Routing, RoutingKind, RoutingPolicy
from serving.blueprint.environment.settings import Budget
from serving.blueprint.environment.tenants import Tenant
from serving.blueprint.errors import Finding, KeyPath
from serving.blueprint.schema.recovery import Topology


def environment_rules(sections: Mapping[str, Any]) -> Iterator[Finding]:
    """The rules between the parts of an environment, as far as the parts are there (are valid)."""
    regions: tuple[Region, ...] | None = sections.get("regions")
    tenants: tuple[Tenant, ...] | None = sections.get("tenants")
    topology: Topology | None = sections.get("topology")
    if regions is not None:
        yield from _duplicates("regions", [region.name for region in regions])
        yield from _overlapping_networks(regions)
        yield from _reserved_networks(regions, sections.get("reserved_cidrs") or ())
        yield from _peers_fit(regions)
        yield from _something_serves(regions)
    keys: Keys | None = sections.get("keys")
    if regions is not None and keys is not None:
        yield from key_findings(keys, regions)
    budget: Budget | None = sections.get("budget")
    if regions is not None and budget is not None:
        yield from _families_allowed(regions, budget)
    if tenants is not None:
        yield from _duplicates("tenants", [tenant.name for tenant in tenants])
    if regions is not None and topology is not None:
        yield from _topology_fits(regions, topology)
    cluster: Cluster | None = sections.get("cluster")
    if regions is not None and cluster is not None:
        yield from _one_starter_of_nodes(regions, cluster)
        yield from _somebody_gets_in(regions, cluster)
    edge: Edge | None = sections.get("edge")
    if regions is not None and edge is not None:
        yield from _edge_fits(regions, edge)
    routing: Routing | None = sections.get("routing")
    if regions is not None and routing is not None:
        yield from _weights_fit(regions, routing)
        yield from _switch_fits(regions, routing)
    backup: BackupSettings | None = sections.get("backup")
    if regions is not None and backup is not None:
        yield from air_gap_findings(backup, regions)


def _families_allowed(regions: Sequence[Region], budget: Budget) -> Iterator[Finding]:
    allowed = budget.allowed_instance_families
    for r, region in enumerate(regions):
        for g, group in enumerate(region.node_groups):
            for i, name in enumerate(group.instance_types):
                if allowed and name.partition(".")[0] not in allowed:
                    yield Finding(
                        ("regions", r, "node_groups", g, "instance_types", i),
                        f"'{name}' is of no family that the budget allows",
                        effect="the environment would buy machines that nobody planned to pay for",
                        remedy="choose another type, or add the family to budget.allowed_instance_families",
                        allowed=allowed,
                    )


def _duplicates(key: str, names: Sequence[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Finding(
                (key, index, "name"),
                f"'{name}' stands twice in {key}",
                effect="two parts of the stack would claim one name",
                remedy="keep one of the two",
            )


def _overlapping_networks(regions: Sequence[Region]) -> Iterator[Finding]:
    for (_, one), (index, other) in combinations(enumerate(regions), 2):
        if one.ip_range.overlaps(other.ip_range):
            yield Finding(
                ("regions", index, "cidr"),
                f"{other.cidr} ({other.name}) overlaps {one.cidr} ({one.name})",
                effect="the two networks could never be connected, and addresses would be ambiguous",
                remedy="give every region a range of its own",
            )


def _reserved_networks(regions: Sequence[Region], reserved: Sequence[str]) -> Iterator[Finding]:
    for index, region in enumerate(regions):
        for cidr in reserved:
            if region.ip_range.overlaps(IPv4Network(cidr)):
                yield Finding(
                    ("regions", index, "cidr"),
                    f"{region.cidr} ({region.name}) overlaps {cidr} in reserved_cidrs",
                    effect="the region could never be connected to what has that range already",
                    remedy="give the region a range outside reserved_cidrs",
                )


def _peers_fit(regions: Sequence[Region]) -> Iterator[Finding]:
    serving = [region.name for region in regions if region.serves]
    pairs: set[frozenset[str]] = set()
    for index, region in enumerate(regions):
        for place, peer in enumerate(region.peers):
            path = ("regions", index, "peers", place)
            pair = frozenset((region.name, peer))
            if peer == region.name or peer not in serving:
                yield Finding(
                    path,
                    f"'{peer}' is not another region that serves",
                    effect="there would be no network to connect to",
                    remedy="name a region with a network, other than this one",
                    allowed=tuple(name for name in serving if name != region.name),
                )
            elif pair in pairs:
                yield Finding(
                    path,
                    f"{region.name} and {peer} are connected already",
                    effect="two connections between the same networks can't be made",
                    remedy="name each pair of regions once, at either of the two",
                )
            pairs.add(pair)
    yield from _routes_of_peers(regions)


def _routes_of_peers(regions: Sequence[Region]) -> Iterator[Finding]:
    """A region that another one names needs its route tables stated too, where the network is given."""
    named = {peer for region in regions for peer in region.peers}
    for index, region in enumerate(regions):
        given = region.network
        if region.name in named and given is not None and not given.private_route_table_ids:
            yield Finding(
                ("regions", index, "network"),
                f"no private_route_table_ids, but another region names {region.name} in `peers`",
                effect="answers would find no way back to the other region",
                remedy="state private_route_table_ids, one for each zone",
            )


def _something_serves(regions: Sequence[Region]) -> Iterator[Finding]:
    if not any(region.role is RegionRole.ACTIVE for region in regions):
        yield Finding(
            ("regions",),
            "no region has the role 'active'",
            effect="nothing would serve",
            remedy="give at least one region role: active",
            allowed=tuple(RegionRole),
        )


def _topology_fits(regions: Sequence[Region], topology: Topology) -> Iterator[Finding]:
    serving = sum(region.serves for region in regions)
    if topology is Topology.SINGLE_REGION and serving > 1:
        yield Finding(
            ("topology",),
            f"'single-region' with {serving} serving regions",
            effect="traffic would reach only one of them",
            remedy="choose active-active or active-passive",
            allowed=tuple(Topology),
        )
    if topology is Topology.ACTIVE_ACTIVE and sum(region.role is RegionRole.ACTIVE for region in regions) < 2:
        yield Finding(
            ("topology",),
            "'active-active' with fewer than two active regions",
            effect="the loss of the one region would stop everything",
            remedy="give a second region role: active, or choose another topology",
            allowed=tuple(Topology),
        )
    if topology is Topology.ACTIVE_PASSIVE and not any(region.role is RegionRole.PASSIVE for region in regions):
        yield Finding(
            ("topology",),
            "'active-passive' without a passive region",
            effect="there would be nowhere to fail over to",
            remedy="give one region role: passive",
            allowed=tuple(Topology),
        )


def _weights_fit(regions: Sequence[Region], routing: Routing) -> Iterator[Finding]:
    serving = tuple(region.name for region in regions if region.serves)
    for name in routing.weights:
        if name not in serving:
            yield Finding(
                ("routing", "weights", name),
                f"'{name}' is no region that serves",
                effect="the weight would be nobody's",
                remedy="name a region with role active or passive",
                allowed=serving,
            )
    active = [region.name for region in regions if region.role is RegionRole.ACTIVE]
    if routing.weights and routing.policy is not RoutingPolicy.WEIGHTED:
        yield Finding(
            ("routing", "weights"),
            f"weights with policy '{routing.policy}'",
            effect="nothing would look at them",
            remedy="state policy: weighted, or leave the weights out",
            allowed=tuple(RoutingPolicy),
        )
    elif active and not any(routing.weights.get(name, 1) for name in active):
        yield Finding(
            ("routing", "weights"),
            "no active region has a share",
            effect="Route 53 would spread the requests evenly, as if no weight had been stated",
            remedy="give at least one active region a weight above 0",
        )


def _switch_fits(regions: Sequence[Region], routing: Routing) -> Iterator[Finding]:
    switch = routing.region_switch
    if not switch.enabled:
        if switch.automatic or switch.approver_role_arn is not None:
            yield Finding(
                ("routing", "region_switch", "enabled"),
                "a region switch is described but not enabled",
                effect="nothing would leave a region that answers and must not be used",
                remedy="state enabled: true, or leave the section out",
            )
        return
    if routing.kind is RoutingKind.ACCELERATOR:
        yield Finding(
            ("routing", "region_switch", "enabled"),
            "a region switch with kind 'accelerator'",
            effect="it turns health checks of names, and an accelerator does not look at them",
            remedy="choose kind: dns, or leave a region by its traffic dial",
            allowed=tuple(RoutingKind),
        )
    active = sum(region.role is RegionRole.ACTIVE for region in regions)
    passive = sum(region.role is RegionRole.PASSIVE for region in regions)
    if active < 2 and (active, passive) != (1, 1):
        yield Finding(
            ("routing", "region_switch", "enabled"),
            f"a region switch with {active} active and {passive} passive region(s)",
            effect="a plan has exactly two regions, one that is left and one that takes over",
            remedy="have two or more active regions, or one active and one passive",
        )


def _one_starter_of_nodes(regions: Sequence[Region], cluster: Cluster) -> Iterator[Finding]:
    """Whatever starts nodes is one in each cluster, and what another one would need is of no use."""
    starter = cluster.node_starter
    if starter is NodeStarter.AUTO_MODE and cluster.karpenter:
        yield Finding(
            ("cluster", "karpenter"),
            "Karpenter beside Auto Mode",
            effect="two would start nodes for the same pods",
            remedy="leave karpenter out, or choose compute: node-groups",
        )
    for r, region in enumerate(regions):
        if starter is NodeStarter.AUTO_MODE and region.cluster is not None:
            yield Finding(
                ("regions", r, "cluster"),
                f"cluster '{region.cluster.name}' is there already",
                effect="its control plane is not changed here: Auto Mode would not be switched on",
                remedy="switch it on where the cluster is made, and choose compute: node-groups",
            )
        for g, group in enumerate(region.node_groups):
            path: KeyPath = ("regions", r, "node_groups", g)
            if starter is NodeStarter.AUTO_MODE:
                yield from _fits_auto_mode(path, group)
            if starter is not NodeStarter.CLUSTER_AUTOSCALER and group.warm_nodes:
                yield Finding(
                    (*path, "warm_nodes"),
                    f"{group.warm_nodes} stopped nodes of '{group.name}', whose managed node group never grows",
                    effect="they would be paid for and never be started",
                    remedy="set warm_nodes: 0, or leave the nodes to the Cluster Autoscaler",
                )
            if starter is not NodeStarter.CLUSTER_AUTOSCALER and group.gpu_sharing and not group.fixed:
                yield Finding(
                    (*path, "max_nodes"),
                    f"'{group.name}' may grow by {group.max_nodes - group.min_nodes} nodes with shared accelerators",
                    effect="what starts nodes counts whole accelerators only: no node would be started for a share",
                    remedy="set min_nodes to max_nodes, or leave the nodes to the Cluster Autoscaler",
                )


def _fits_auto_mode(path: KeyPath, group: NodeGroup) -> Iterator[Finding]:
    """What EKS does not start by itself, or starts otherwise."""
    if CapacityType.CAPACITY_BLOCK in group.capacity:
        yield Finding(
            (*path, "capacity"),
            f"a Capacity Block for '{group.name}', which Auto Mode would not use",
            effect="the block would lie idle",
            remedy="choose karpenter: true or neither, or leave the block out",
        )
    if group.efa:
        yield Finding(
            (*path, "efa"),
            f"fabric adapters for '{group.name}', which nodes of Auto Mode do not have",
            effect="models that span nodes would start on nodes without them",
            remedy="choose karpenter: true or neither, or set efa: false",
        )


def _somebody_gets_in(regions: Sequence[Region], cluster: Cluster) -> Iterator[Finding]:
    """Nobody has rights in a new cluster by having made it, the role that deploys included."""
    path = ("cluster", "admin_role_arns")
    if not cluster.admin_role_arns and any(region.serves and region.cluster is None for region in regions):
        yield Finding(
            path,
            "no role administers the clusters",
            effect="nobody could get in, and nothing in them could be deployed",
            remedy="name at least the role that deploys",
        )
    # within an account names are unique whatever their path
    others = {role for roles in cluster.group_roles.values() for role in roles} - set(cluster.admin_role_arns)
    stated = [*cluster.admin_role_arns, *sorted(others)]
    roles = [(role.split(":")[4], role.rpartition("/")[2]) for role in stated]
    for index, role in enumerate(roles):
        if role in roles[:index]:
            administers = index < len(cluster.admin_role_arns)
            yield Finding(
                (*path, index) if administers else ("cluster", "group_roles"),
                f"role '{role[1]}' of account {role[0]} stands twice",
                effect="two entries would claim one name",
                remedy="keep the one with the path that the role has",
            )


def _edge_fits(regions: Sequence[Region], edge: Edge) -> Iterator[Finding]:
    serving = tuple(region.name for region in regions if region.serves)
    named: list[tuple[str, str, tuple[str, ...]]] = [
        *(("certificate_arns", region, arns) for region, arns in edge.certificate_arns.items()),
        *(("web_acl_arns", region, (one,)) for region, one in edge.web_acl_arns.items()),
    ]
    for key, region, arns in named:
        if region not in serving:
            yield Finding(
                ("edge", key, region),
                f"'{region}' is no region that serves",
                effect="nothing there would use them",
                remedy="name a region with role active or passive",
                allowed=serving,
            )
        for arn in arns:
            if arn.split(":")[3] != region:
                yield Finding(
                    ("edge", key, region),
                    f"'{arn}' is in another region than {region}",
                    effect="a load balancer takes only what is in its own region",
                    remedy=f"name what is in {region}",
                )
    missing = [region for region in serving if not edge.certificate_arns.get(region)]
    if edge.certificate_arns and missing:
        yield Finding(
            ("edge", "certificate_arns"),
            f"no certificate for {', '.join(missing)}",
            effect="some regions would answer with certificates of the stack and some with yours, or with none",
            remedy="name certificates for every region that serves, or for none",
            allowed=serving,
        )
