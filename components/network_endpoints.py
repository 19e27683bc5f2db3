"""What the endpoints of a network let through.

Owns the policies of endpoints of AWS services. A policy draws two lines around the network: only identities of
this account pass, and only to what this account (or one that is named) owns. Credentials of strangers are
useless inside, and data can't be carried to an account of theirs. What each identity may do is its own policy's
business, so actions are not listed here.

AWS itself owns some of what a cluster needs; each of these ways out is a statement of its own, for reading only:

- image layers and packages stand in buckets of AWS, and images of the Kubernetes project in buckets of its own;
- images of EKS add-ons and of the GuardDuty agent stand in registries of AWS accounts that differ by service
  and region; one account that is missing keeps every new node from starting, so images are pulled from any
  registry (and pushed only to trusted ones);
- X-Ray has no second line and needs none: a span goes to the account of whoever sends it, and to no resource;
- EC2 has no second line: machines start from images of Amazon, and some actions on volumes and snapshots don't
  carry the key of the line.

Both lines and the ways out: aws-samples/data-perimeter-policy-examples, `vpc_endpoint_policies` and
`service_owned_resources.md` (read 2026-11).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from components.iam import Condition, Principals, Statement, arn, dns_suffix

ESSENTIAL_ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "eks-auth", "kms", "logs", "sts")
"""Interface endpoints without which the way to images, identities, keys and logs leads over the internet."""

ALL_ENDPOINTS: Final = (
    *ESSENTIAL_ENDPOINTS,
    "aps-workspaces",
    "autoscaling",
    "ec2",
    "eks",
    "elasticloadbalancing",
    "monitoring",
    "secretsmanager",
    "sqs",
    "ssm",
    "xray",
)
"""Interface endpoints for all that nodes, controllers and services call.

Not here: what only the deployment calls (Glue, EventBridge, Backup), what has no endpoint in the region (IAM,
Route 53, Global Accelerator), and `guardduty-data`, which GuardDuty makes by itself where it manages its agent.
"""

_IAM_PREFIXES: Final = {"eks-auth": "eks-auth", "aps-workspaces": "aps", "monitoring": "cloudwatch"}
"""IAM prefix of an endpoint's actions, where it is not the first part of the endpoint's name."""

_PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

# Layers of ECR images, packages of Amazon Linux 2023 (service_owned_resources.md, as above), and layers of
# registry.k8s.io, which sends clients in AWS to a bucket of their region (kubernetes/k8s.io,
# infra/aws/terraform/registry.k8s.io; prometheus-community/helm-charts issue 2421 is what happens without it)
_PUBLIC_BUCKETS: Final = (
    "prod-{region}-starport-layer-bucket",
    "al2023-{region}",
    "al2023-repos-{region}-de612dc2",
    "prod-registry-k8s-io-{region}",
)


def endpoint_service_name(region: str, service: str) -> str:
    """Name of an AWS service as endpoints call it: the domain of its region, backwards."""
    domain = ".".join(reversed(dns_suffix(region).split(".")))
    return f"{domain}.{region}.{service}"


def endpoint_statements(
    service: str, region: str, account_id: str, trusted_account_ids: Sequence[str] = ()
) -> list[Statement]:
    """The policy of an endpoint.

    Args:
        service: AWS service as endpoints call it: `s3`, `ecr.api`.
        region: Region of the endpoint.
        account_id: Account whose identities pass.
        trusted_account_ids: Accounts whose resources may be reached beside its own.
    """
    return list(_statements(service, region, account_id, (account_id, *trusted_account_ids)))


def _statements(service: str, region: str, account_id: str, owners: Sequence[str]) -> Iterator[Statement]:
    # all actions of the service, on all resources: the conditions are the lines, see the head of the module
    actions = (f"{_IAM_PREFIXES.get(service, service.partition('.')[0])}:*",)
    own_identity = Condition("StringEquals", "aws:PrincipalAccount", account_id)
    owned = Condition("StringEquals", "aws:ResourceAccount", *owners)
    lines = (own_identity,) if service in ("ec2", "xray") else (own_identity, owned)
    yield _allow("OwnAccount", actions, ("*",), *lines)
    if service in ("ecr.api", "ecr.dkr"):
        yield _allow("PullImages", _PULL, ("*",), own_identity)
    if service == "sts":
        # whoever has only a token of a cluster is no identity of an account yet; the role's trust policy decides
        yield _allow("AssumeWithToken", ("sts:AssumeRoleWithWebIdentity",), ("*",), owned)
    if service == "ssm":
        parameters = arn("ssm", region, "", "parameter/aws/service/*")
        yield _allow("PublicParameters", ("ssm:GetParameter", "ssm:GetParameters"), (parameters,), own_identity)
    if service == "s3":
        buckets = (bucket.format(region=region) for bucket in _PUBLIC_BUCKETS)
        objects = tuple(arn("s3", "", "", f"{bucket}/*", within=region) for bucket in buckets)
        # without identity: packages are read without one, and layers with a link that ECR has signed
        yield _allow("ImagesAndPackages", ("s3:GetObject",), objects)


def _allow(sid: str, actions: tuple[str, ...], resources: tuple[str, ...], *conditions: Condition) -> Statement:
    return Statement(sid, actions, resources, principals=Principals.anyone(), conditions=conditions)
