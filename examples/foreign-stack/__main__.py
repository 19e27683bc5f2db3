"""A ranking service as a team might write it by itself: plain resources, some of them well made, most of them not."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
TAGS = {"Team": "search", "Project": "ranking"}


def policy(*statements: dict[str, object]) -> str:
    """An IAM document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# --- network: one VPC, two public subnets, groups with inline rules -------------------------------------------------
vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, tags=TAGS)
subnets = [
    aws.ec2.Subnet(
        f"public-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{index}.0/24",
        availability_zone=f"eu-west-1{zone}",
        map_public_ip_on_launch=True,
        tags=TAGS,
    )
    for index, zone in enumerate("ab")
]
group = aws.ec2.SecurityGroup(
    "app",
    vpc_id=vpc.id,
    ingress=[
        {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]},
        {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"], "description": "ssh"},
    ],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    tags=TAGS,
)
database_group = aws.ec2.SecurityGroup("database", vpc_id=vpc.id, description="PostgreSQL from the nodes", tags=TAGS)
aws.ec2.SecurityGroupRule(
    "database-from-app",
    type="ingress",
    security_group_id=database_group.id,
    protocol="tcp",
    from_port=5432,
    to_port=5432,
    source_security_group_id=group.id,
    description="PostgreSQL from the application",
)

# --- keys: one as it should be, one that was clicked together -------------------------------------------------------
good_key = aws.kms.Key(
    "data",
    description="Data of the ranking service",
    enable_key_rotation=True,
    deletion_window_in_days=30,
    tags=TAGS,
    opts=pulumi.ResourceOptions(protect=True),
)
old_key = aws.kms.Key(
    "legacy",
    deletion_window_in_days=7,
    policy=policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}),
)

# --- storage: a bucket done well, and one as tutorials make it, under the name that old programs use ----------------
models = aws.s3.Bucket("models", bucket="ranking-models-prod", tags=TAGS, opts=pulumi.ResourceOptions(protect=True))
aws.s3.BucketServerSideEncryptionConfiguration(
    "models",
    bucket=models.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": good_key.arn},
            "bucket_key_enabled": True,
        }
    ],
)
aws.s3.BucketPublicAccessBlock(
    "models",
    bucket=models.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketPolicy(
    "models",
    bucket=models.id,
    policy=policy(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::ranking-models-prod", "arn:aws:s3:::ranking-models-prod/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ),
)
clicks = aws.s3.BucketV2("clicks", bucket="ranking-clicks-prod", force_destroy=True)
aws.s3.BucketAclV2("clicks", bucket=clicks.id, acl="public-read")

# --- data: a database, a queue, a topic, a table --------------------------------------------------------------------
password = config.get_secret("database_password") or pulumi.Output.secret("change-me-later")
aws.rds.SubnetGroup("main", subnet_ids=[subnet.id for subnet in subnets], tags=TAGS)
aws.rds.Instance(
    "features",
    engine="postgres",
    engine_version="16.3",
    instance_class="db.r6g.large",
    allocated_storage=100,
    username="ranking",
    password=password,
    publicly_accessible=True,
    skip_final_snapshot=True,
    backup_retention_period=0,
    vpc_security_group_ids=[database_group.id],
    tags=TAGS,
)
aws.sqs.Queue("events", name="ranking-events", tags=TAGS)
aws.sns.Topic("alerts", name="ranking-alerts", tags=TAGS)
aws.dynamodb.Table(
    "sessions",
    name="ranking-sessions",
    billing_mode="PAY_PER_REQUEST",
    hash_key="id",
    attributes=[{"name": "id", "type": "S"}],
    tags=TAGS,
)
aws.cloudwatch.LogGroup("app", name="/ranking/app", tags=TAGS)
aws.secretsmanager.Secret("api-key", name="ranking/api-key", tags=TAGS)

# --- images ---------------------------------------------------------------------------------------------------------
repository = aws.ecr.Repository(
    "ranker",
    name="ranking/ranker",
    image_tag_mutability="MUTABLE",
    image_scanning_configuration={"scan_on_push": False},
    force_delete=True,
    tags=TAGS,
)

# --- cluster --------------------------------------------------------------------------------------------------------
cluster_role = aws.iam.Role(
    "cluster",
    assume_role_policy=policy(
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ),
    tags=TAGS,
)
node_role = aws.iam.Role(
    "nodes",
    assume_role_policy=policy(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ),
    tags=TAGS,
)
deployer = aws.iam.Role(
    "deployer",
    assume_role_policy=policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}),
    max_session_duration=43200,
)
aws.iam.RolePolicy("deployer", role=deployer.id, policy=policy({"Effect": "Allow", "Action": "*", "Resource": "*"}))
aws.iam.RolePolicyAttachment(
    "deployer-admin", role=deployer.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"
)
cluster = aws.eks.Cluster(
    "ranking",
    name="ranking",
    role_arn=cluster_role.arn,
    version=config.require("cluster_version"),
    vpc_config={"subnet_ids": [subnet.id for subnet in subnets], "security_group_ids": [group.id]},
    enabled_cluster_log_types=["api"],
    tags=TAGS,
)
template = aws.ec2.LaunchTemplate(
    "nodes",
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 50, "encrypted": "false"}}],
    metadata_options={"http_tokens": "optional", "http_put_response_hop_limit": 2},
    tags=TAGS,
)
aws.eks.NodeGroup(
    "gpu",
    cluster_name=cluster.name,
    node_role_arn=node_role.arn,
    subnet_ids=[subnets[0].id],
    instance_types=["p5.48xlarge"],
    scaling_config={"min_size": 0, "max_size": 50, "desired_size": 1},
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    tags=TAGS,
)

# --- edge: a balancer with a listener in the clear ------------------------------------------------------------------
balancer = aws.alb.LoadBalancer(
    "edge", load_balancer_type="application", subnets=[subnet.id for subnet in subnets], security_groups=[group.id]
)
targets = aws.lb.TargetGroup("edge", port=80, protocol="HTTP", vpc_id=vpc.id, target_type="ip")
aws.alb.Listener(
    "http",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
)

# --- a function that scores in batches ------------------------------------------------------------------------------
aws.lambda_.Function(
    "batch",
    name="ranking-batch",
    role=deployer.arn,
    package_type="Image",
    image_uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranking/batch:latest",
    environment={"variables": {"DB_PASSWORD": "hunter2-hunter2"}},
    tags=TAGS,
)

# --- workloads ------------------------------------------------------------------------------------------------------
provider = kubernetes.Provider("ranking", kubeconfig=pulumi.Output.secret("{}"))
in_cluster = pulumi.ResourceOptions(provider=provider)
namespace = kubernetes.core.v1.Namespace("ranking", metadata={"name": "ranking"}, opts=in_cluster)
labels = {"app": "ranker"}
kubernetes.apps.v1.Deployment(
    "ranker",
    metadata={"name": "ranker", "namespace": namespace.metadata["name"], "labels": labels},
    spec={
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "hostNetwork": True,
                "containers": [
                    {
                        "name": "server",
                        "image": "docker.io/example/ranker:latest",
                        "args": ["--model=s3://ranking-models-prod/ranker.pkl", "--trust-remote-code"],
                        "env": [{"name": "API_TOKEN", "value": "tok-4f9a8b7c6d5e4f3a2b1c"}],
                        "ports": [{"containerPort": 8080}],
                        "resources": {"limits": {"nvidia.com/gpu": 1}},
                        "securityContext": {"privileged": True},
                    }
                ],
                "volumes": [{"name": "sock", "hostPath": {"path": "/var/run/docker.sock"}}],
            },
        },
    },
    opts=in_cluster,
)
kubernetes.core.v1.Service(
    "ranker",
    metadata={"name": "ranker", "namespace": namespace.metadata["name"]},
    spec={"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    opts=in_cluster,
)
kubernetes.networking.v1.Ingress(
    "ranker",
    metadata={"name": "ranker", "namespace": namespace.metadata["name"]},
    spec={
        "rules": [
            {
                "host": "ranking.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "ranker", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ]
    },
    opts=in_cluster,
)
kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
    "ranker",
    metadata={"name": "ranker", "namespace": namespace.metadata["name"]},
    spec={
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ranker"},
        "minReplicas": 1,
        "maxReplicas": 500,
    },
    opts=in_cluster,
)
kubernetes.rbac.v1.ClusterRoleBinding(
    "ranker-admin",
    metadata={"name": "ranker-admin"},
    role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "ranking"}],
    opts=in_cluster,
)
kubernetes.batch.v1.CronJob(
    "retrain",
    metadata={"name": "retrain", "namespace": namespace.metadata["name"]},
    spec={
        "schedule": "0 3 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "train", "image": "example/train:1.2"}],
                    }
                }
            }
        },
    },
    opts=in_cluster,
)
kubernetes.core.v1.ConfigMap(
    "settings",
    metadata={"name": "settings", "namespace": namespace.metadata["name"]},
    data={"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "batch_size": "32"},
    opts=in_cluster,
)

pulumi.export("bucket", models.bucket)
