"""Everything stands where its provider, its components or its own input say, and nowhere by guessing."""

from __future__ import annotations

from pathlib import Path

from serving.preview.session import Request, preview

PROGRAM = """
import pulumi, pulumi_aws as aws

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("demo:index:Group", name, None, opts)

def cell(region):
    group = Group(region)
    inner = Group(f"{region}-cluster", pulumi.ResourceOptions(parent=group))
    here = pulumi.ResourceOptions(parent=inner)
    aws.kms.Key(f"{region}-key", region=region, opts=here)
    kubernetes = pulumi.ProviderResource("kubernetes", f"{region}-kubernetes", {}, here)
    pulumi.CustomResource(
        "kubernetes:core/v1:Namespace",
        f"{region}-inside",
        {},
        pulumi.ResourceOptions(parent=Group(f"{region}-silent", pulumi.ResourceOptions(parent=group))),
    )
    return kubernetes

kubernetes = cell("eu-west-1")
cell("eu-north-1")
aws.kms.Key("default")
aws.iam.Role("role", assume_role_policy="{}")
opts = pulumi.ResourceOptions(provider=kubernetes)
pulumi.CustomResource("kubernetes:core/v1:Namespace", "outside", {}, opts)
pulumi.CustomResource("demo:index:Thing", "lost", {})
"""


def test_regions_are_found_by_input_provider_component_and_default(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    plan = preview(Request(tmp_path, "dev"))
    found = {resource.name: resource.region for resource in plan.resources}
    assert found == {
        "demo-dev": None,  # several regions below
        "eu-west-1": "eu-west-1",
        "eu-west-1-cluster": "eu-west-1",
        "eu-west-1-silent": "eu-west-1",
        "eu-west-1-key": "eu-west-1",
        "eu-west-1-kubernetes": "eu-west-1",
        "eu-west-1-inside": "eu-west-1",
        "eu-north-1": "eu-north-1",
        "eu-north-1-cluster": "eu-north-1",
        "eu-north-1-silent": "eu-north-1",
        "eu-north-1-key": "eu-north-1",
        "eu-north-1-kubernetes": "eu-north-1",
        "eu-north-1-inside": "eu-north-1",
        "default": "us-east-1",
        "role": None,  # IAM has no regions
        "outside": "eu-west-1",  # by its provider, which stands in a cell
        "lost": None,
    }
