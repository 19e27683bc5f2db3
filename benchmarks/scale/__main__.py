"""A program of a given size: cells of ten resources, typical in kind, in number of properties and in references."""

from __future__ import annotations

import json
import os

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

CELL_SIZE = 10
TAGS = {"owner": "ml-platform", "cost-center": "cc-42", "service": "chat", "tenant": "search", "tier": "1"}


class Cell(pulumi.ComponentResource):
    """One component and nine resources that refer to each other."""

    def __init__(self, name: str) -> None:
        super().__init__("benchmark:scale:Cell", name)
        options = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(f"{name}-key", enable_key_rotation=True, tags=TAGS, opts=options)
        self._storage(name, key, options)
        self._access(name, key, options)
        self._workload(name, options)
        self.register_outputs({"key": key.arn})

    def _storage(self, name: str, key: aws.kms.Key, options: pulumi.ResourceOptions) -> None:
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=f"models-{name}", tags=TAGS, opts=options)
        aws.s3.BucketVersioning(
            f"{name}-versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=options
        )
        rule: aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict = {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}
        }
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption", bucket=bucket.id, rules=[rule], opts=options
        )

    def _access(self, name: str, key: aws.kms.Key, options: pulumi.ResourceOptions) -> None:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})
        role = aws.iam.Role(f"{name}-role", name=f"serve-{name}", assume_role_policy=trust, tags=TAGS, opts=options)
        policy = key.arn.apply(lambda arn: json.dumps({"Statement": [{"Resource": arn}]}))
        aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=policy, opts=options)

    def _workload(self, name: str, options: pulumi.ResourceOptions) -> None:
        labels = {"app": name}
        container: kubernetes.core.v1.ContainerArgsDict = {
            "name": "server",
            "image": "example.org/server:1",
            "ports": [{"container_port": 8000}],
        }
        kubernetes.core.v1.ConfigMap(f"{name}-config", metadata={"name": name}, data={"a": "1"}, opts=options)
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": name, "labels": labels},
            spec={
                "replicas": 2,
                "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
            opts=options,
        )
        kubernetes.core.v1.Service(
            f"{name}-service",
            metadata={"name": name},
            spec={"selector": labels, "ports": [{"port": 80, "target_port": 8000}]},
            opts=options,
        )


size = int(os.environ.get("SCALE_RESOURCES", "200"))
for index in range(size // CELL_SIZE):
    Cell(f"cell-{index:04}")
pulumi.export("cells", size // CELL_SIZE)
