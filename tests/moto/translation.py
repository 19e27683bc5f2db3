"""How a resource of the plan becomes calls of AWS's API: one entry a type.

Owns the table. An entry names the operation that makes the resource; its inputs find their place in the operation's
own shape by name (`apply`), so that the table only says what is called differently there. Outputs are what other
resources of the plan take, by where the answer has them; `{name}` is an input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One operation.

    Attributes:
        client: The service, as boto3 calls it.
        operation: The operation, as boto3 calls it.
        names: Input -> where the operation has it (dotted), where the name alone does not tell; empty for inputs
            that another call or nothing takes.
        outputs: Output of the resource -> where the answer has it, or a text with `{inputs}`.
        extra: Parameters that the provider adds.
        tags: The kind of thing, where EC2 takes tags only by kind.
        then: Further calls of the same resource, which may take its outputs.
        when: An input without which the call is left out.
        each: An input whose elements are one call each.
    """

    client: str
    operation: str
    names: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    tags: str = ""
    then: tuple[Call, ...] = ()
    when: str = ""
    each: str = ""


def _bucket(operation: str, **names: str) -> Call:
    return Call("s3", operation, names, {"id": "{bucket}"})


def _ec2(
    operation: str, answer: str, kind: str, *then: Call, outputs: Mapping[str, str] | None = None, **more: Any
) -> Call:
    outputs = {"id": answer, **(outputs or {})}
    return Call("ec2", operation, outputs=outputs, tags=kind, then=then, **more)


_ACL_ENTRY = {
    "id": "NetworkAclId",
    "action": "RuleAction",
    "ruleNo": "RuleNumber",
    "protocol": "Protocol",
    "cidrBlock": "CidrBlock",
}
_RULE = {
    "securityGroupId": "GroupId",
    "ipProtocol": "IpPermissions.0.IpProtocol",
    "fromPort": "IpPermissions.0.FromPort",
    "toPort": "IpPermissions.0.ToPort",
    "cidrIpv4": "IpPermissions.0.IpRanges.0.CidrIp",
    "prefixListId": "IpPermissions.0.PrefixListIds.0.PrefixListId",
    "referencedSecurityGroupId": "IpPermissions.0.UserIdGroupPairs.0.GroupId",
}

TRANSLATION: Mapping[str, Call] = {
    # S3
    "aws:s3/bucket:Bucket": Call(
        "s3",
        "create_bucket",
        {"objectLockEnabled": "ObjectLockEnabledForBucket", "region": "CreateBucketConfiguration.LocationConstraint"},
        {"id": "{bucket}", "arn": "arn:aws:s3:::{bucket}", "bucketDomainName": "{bucket}.s3.amazonaws.com"},
        then=(Call("s3", "put_bucket_tagging", {"bucket": "Bucket", "tags": "Tagging.TagSet"}, when="tags"),),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket("put_bucket_versioning"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket(
        "put_bucket_encryption", rules="ServerSideEncryptionConfiguration.Rules"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket(
        "put_public_access_block",
        blockPublicAcls="PublicAccessBlockConfiguration.BlockPublicAcls",
        blockPublicPolicy="PublicAccessBlockConfiguration.BlockPublicPolicy",
        ignorePublicAcls="PublicAccessBlockConfiguration.IgnorePublicAcls",
        restrictPublicBuckets="PublicAccessBlockConfiguration.RestrictPublicBuckets",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket("put_bucket_policy"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket(
        "put_bucket_ownership_controls", rule="OwnershipControls.Rules"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket(
        "put_bucket_lifecycle_configuration", rules="LifecycleConfiguration.Rules"
    ),
    "aws:s3/bucketLogging:BucketLogging": _bucket(
        "put_bucket_logging",
        targetBucket="BucketLoggingStatus.LoggingEnabled.TargetBucket",
        targetPrefix="BucketLoggingStatus.LoggingEnabled.TargetPrefix",
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Call(
        "s3",
        "put_object_lock_configuration",
        {"rule": "ObjectLockConfiguration.Rule"},
        {"id": "{bucket}"},
        {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _bucket(
        "put_bucket_replication", role="ReplicationConfiguration.Role", rules="ReplicationConfiguration.Rules"
    ),
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": Call(
        "s3control",
        "put_public_access_block",
        {
            "blockPublicAcls": "PublicAccessBlockConfiguration.BlockPublicAcls",
            "blockPublicPolicy": "PublicAccessBlockConfiguration.BlockPublicPolicy",
            "ignorePublicAcls": "PublicAccessBlockConfiguration.IgnorePublicAcls",
            "restrictPublicBuckets": "PublicAccessBlockConfiguration.RestrictPublicBuckets",
        },
        {"id": "{accountId}"},
    ),
    # KMS
    "aws:kms/key:Key": Call(
        "kms",
        "create_key",
        outputs={"id": "KeyMetadata.KeyId", "keyId": "KeyMetadata.KeyId", "arn": "KeyMetadata.Arn"},
        then=(
            Call(
                "kms",
                "enable_key_rotation",
                {"id": "KeyId", "rotationPeriodInDays": "RotationPeriodInDays"},
                when="enableKeyRotation",
            ),
        ),
    ),
    "aws:kms/replicaKey:ReplicaKey": Call(
        "kms",
        "replicate_key",
        {"primaryKeyId": "KeyId", "region": "ReplicaRegion"},
        {"id": "ReplicaKeyMetadata.KeyId", "keyId": "ReplicaKeyMetadata.KeyId", "arn": "ReplicaKeyMetadata.Arn"},
    ),
    "aws:kms/alias:Alias": Call("kms", "create_alias", {"name": "AliasName"}, {"id": "{name}"}),
    "aws:kms/grant:Grant": Call("kms", "create_grant", outputs={"id": "GrantId", "grantId": "GrantId"}),
    # ECR
    "aws:ecr/repository:Repository": Call(
        "ecr",
        "create_repository",
        {"name": "repositoryName", "encryptionConfigurations": "encryptionConfiguration"},
        {
            "id": "repository.repositoryName",
            "arn": "repository.repositoryArn",
            "repositoryUrl": "repository.repositoryUri",
            "registryId": "repository.registryId",
        },
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Call(
        "ecr",
        "set_repository_policy",
        {"repository": "repositoryName", "policy": "policyText"},
        {"id": "{repository}"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Call(
        "ecr",
        "put_lifecycle_policy",
        {"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        {"id": "{repository}"},
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Call(
        "ecr", "put_replication_configuration", outputs={"id": "registry"}
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Call(
        "ecr", "put_registry_scanning_configuration", outputs={"id": "registry"}
    ),
    # DynamoDB
    "aws:dynamodb/table:Table": Call(
        "dynamodb",
        "create_table",
        {
            "name": "TableName",
            "attributes": "AttributeDefinitions",
            "type": "AttributeType",
            "serverSideEncryption": "SSESpecification",
            "kmsKeyArn": "KMSMasterKeyId",
            "streamEnabled": "StreamSpecification.StreamEnabled",
            "streamViewType": "StreamSpecification.StreamViewType",
            "hashKey": "KeySchema.0.AttributeName",
            "rangeKey": "KeySchema.1.AttributeName",
            "pointInTimeRecovery": "",
            "replicas": "",
            "ttl": "",
        },
        {
            "id": "TableDescription.TableName",
            "arn": "TableDescription.TableArn",
            "streamArn": "TableDescription.LatestStreamArn",
        },
        {"KeySchema": [{"KeyType": "HASH"}, {"KeyType": "RANGE"}]},
        then=(
            Call(
                "dynamodb",
                "update_continuous_backups",
                {
                    "name": "TableName",
                    "pointInTimeRecovery": "PointInTimeRecoverySpecification",
                    "enabled": "PointInTimeRecoveryEnabled",
                },
                when="pointInTimeRecovery",
            ),
            Call(
                "dynamodb",
                "update_time_to_live",
                {"name": "TableName", "ttl": "TimeToLiveSpecification"},
                when="ttl",
            ),
            Call(
                "dynamodb",
                "update_table",
                {"id": "TableName", "element": "ReplicaUpdates.0.Create", "kmsKeyArn": "KMSMasterKeyId"},
                each="replicas",
            ),
        ),
    ),
    # IAM
    "aws:iam/role:Role": Call(
        "iam",
        "create_role",
        {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        {"id": "Role.RoleName", "arn": "Role.Arn", "uniqueId": "Role.RoleId"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Call(
        "iam",
        "put_role_policy",
        {"role": "RoleName", "policy": "PolicyDocument"},
        {"id": "{role}:policy"},
        {"PolicyName": "policy"},
    ),
    "aws:iam/policy:Policy": Call(
        "iam",
        "create_policy",
        {"name": "PolicyName", "policy": "PolicyDocument"},
        {"id": "Policy.Arn", "arn": "Policy.Arn"},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Call(
        "iam",
        "create_instance_profile",
        {"name": "InstanceProfileName"},
        {"id": "InstanceProfile.InstanceProfileName", "arn": "InstanceProfile.Arn"},
        then=(
            Call(
                "iam", "add_role_to_instance_profile", {"name": "InstanceProfileName", "role": "RoleName"}, when="role"
            ),
        ),
    ),
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": Call(
        "iam",
        "create_service_linked_role",
        {"awsServiceName": "AWSServiceName"},
        {"id": "Role.Arn", "arn": "Role.Arn", "name": "Role.RoleName"},
    ),
    # the network
    "aws:ec2/vpc:Vpc": _ec2(
        "create_vpc",
        "Vpc.VpcId",
        "vpc",
        Call(
            "ec2",
            "modify_vpc_attribute",
            {"id": "VpcId", "enableDnsHostnames": "EnableDnsHostnames.Value"},
            when="enableDnsHostnames",
        ),
        outputs={"defaultRouteTableId": "", "defaultSecurityGroupId": "", "defaultNetworkAclId": ""},
    ),
    "aws:ec2/subnet:Subnet": _ec2("create_subnet", "Subnet.SubnetId", "subnet", outputs={"arn": "Subnet.SubnetArn"}),
    "aws:ec2/internetGateway:InternetGateway": _ec2(
        "create_internet_gateway",
        "InternetGateway.InternetGatewayId",
        "internet-gateway",
        Call("ec2", "attach_internet_gateway", {"id": "InternetGatewayId", "vpcId": "VpcId"}, when="vpcId"),
    ),
    "aws:ec2/eip:Eip": _ec2(
        "allocate_address",
        "AllocationId",
        "elastic-ip",
        outputs={"allocationId": "AllocationId", "publicIp": "PublicIp"},
    ),
    "aws:ec2/natGateway:NatGateway": _ec2("create_nat_gateway", "NatGateway.NatGatewayId", "natgateway"),
    "aws:ec2/routeTable:RouteTable": _ec2("create_route_table", "RouteTable.RouteTableId", "route-table"),
    "aws:ec2/route:Route": Call("ec2", "create_route", outputs={"id": "{routeTableId}:{destinationCidrBlock}"}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Call(
        "ec2", "associate_route_table", outputs={"id": "AssociationId"}
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        "create_vpc_endpoint", "VpcEndpoint.VpcEndpointId", "vpc-endpoint", names={"policy": "PolicyDocument"}
    ),
    "aws:ec2/flowLog:FlowLog": _ec2(
        "create_flow_logs",
        "FlowLogIds.0",
        "vpc-flow-log",
        names={"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn", "logDestination": "LogDestination"},
        extra={"ResourceType": "VPC"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": _ec2(
        "create_security_group", "GroupId", "security-group", names={"name": "GroupName"}
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Call(
        "ec2",
        "authorize_security_group_ingress",
        _RULE,
        {"id": "SecurityGroupRules.0.SecurityGroupRuleId"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Call(
        "ec2", "authorize_security_group_egress", _RULE, {"id": "SecurityGroupRules.0.SecurityGroupRuleId"}
    ),
    "aws:ec2/networkAcl:NetworkAcl": _ec2(
        "create_network_acl",
        "NetworkAcl.NetworkAclId",
        "network-acl",
        Call(
            "ec2",
            "create_network_acl_entry",
            _ACL_ENTRY,
            extra={"Egress": False},
            each="ingress",
        ),
        Call(
            "ec2",
            "create_network_acl_entry",
            _ACL_ENTRY,
            extra={"Egress": True},
            each="egress",
        ),
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Call(
        "ec2",
        "create_launch_template",
        {
            "name": "LaunchTemplateName",
            "description": "VersionDescription",
            "metadataOptions": "LaunchTemplateData.MetadataOptions",
            "blockDeviceMappings": "LaunchTemplateData.BlockDeviceMappings",
            "tagSpecifications": "LaunchTemplateData.TagSpecifications",
            "instanceMarketOptions": "LaunchTemplateData.InstanceMarketOptions",
            "capacityReservationSpecification": "LaunchTemplateData.CapacityReservationSpecification",
            "userData": "LaunchTemplateData.UserData",
            "monitoring": "LaunchTemplateData.Monitoring",
            "ebs": "Ebs",
        },
        {
            "id": "LaunchTemplate.LaunchTemplateId",
            "latestVersion": "LaunchTemplate.LatestVersionNumber",
            "name": "LaunchTemplate.LaunchTemplateName",
        },
        tags="launch-template",
    ),
    "aws:ebs/encryptionByDefault:EncryptionByDefault": Call(
        "ec2", "enable_ebs_encryption_by_default", {"enabled": ""}, {"id": "ebs"}
    ),
    "aws:ebs/defaultKmsKey:DefaultKmsKey": Call(
        "ec2", "modify_ebs_default_kms_key_id", {"keyArn": "KmsKeyId"}, {"id": "{keyArn}"}
    ),
    # Route 53 and certificates
    "aws:route53/zone:Zone": Call(
        "route53",
        "create_hosted_zone",
        {"comment": "HostedZoneConfig.Comment"},
        {"id": "HostedZone.Id", "zoneId": "HostedZone.Id", "nameServers": "DelegationSet.NameServers"},
        {"CallerReference": "zone"},
    ),
    "aws:route53/healthCheck:HealthCheck": Call(
        "route53",
        "create_health_check",
        {
            "requestInterval": "HealthCheckConfig.RequestInterval",
            "enableSni": "HealthCheckConfig.EnableSNI",
            "type": "HealthCheckConfig.Type",
            "failureThreshold": "HealthCheckConfig.FailureThreshold",
            "resourcePath": "HealthCheckConfig.ResourcePath",
            "fqdn": "HealthCheckConfig.FullyQualifiedDomainName",
            "measureLatency": "HealthCheckConfig.MeasureLatency",
            "port": "HealthCheckConfig.Port",
        },
        {"id": "HealthCheck.Id", "arn": "HealthCheck.Id"},
        {"CallerReference": "{logical}"},
    ),
    "aws:acm/certificate:Certificate": Call(
        "acm", "request_certificate", outputs={"id": "CertificateArn", "arn": "CertificateArn"}
    ),
    # Backup
    "aws:backup/vault:Vault": Call(
        "backup",
        "create_backup_vault",
        {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "BackupVaultTags"},
        {"id": "BackupVaultName", "arn": "BackupVaultArn"},
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": Call(
        "backup", "put_backup_vault_lock_configuration", outputs={"id": "{backupVaultName}"}
    ),
    "aws:backup/plan:Plan": Call(
        "backup",
        "create_backup_plan",
        {
            "name": "BackupPlan.BackupPlanName",
            "rules": "BackupPlan.Rules",
            "targetVaultName": "TargetBackupVaultName",
            "schedule": "ScheduleExpression",
            "startWindow": "StartWindowMinutes",
            "completionWindow": "CompletionWindowMinutes",
            "deleteAfter": "DeleteAfterDays",
            "destinationVaultArn": "DestinationBackupVaultArn",
            "tags": "BackupPlanTags",
        },
        {"id": "BackupPlanId", "arn": "BackupPlanArn"},
    ),
    # messages and logs
    "aws:sns/topic:Topic": Call(
        "sns",
        "create_topic",
        {
            "kmsMasterKeyId": "Attributes.KmsMasterKeyId",
            "displayName": "Attributes.DisplayName",
            "signatureVersion": "Attributes.SignatureVersion",
        },
        {"id": "TopicArn", "arn": "TopicArn"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Call(
        "sns",
        "set_topic_attributes",
        {"arn": "TopicArn", "policy": "AttributeValue"},
        {"id": "{arn}"},
        {"AttributeName": "Policy"},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Call(
        "sns", "subscribe", {"topic": "TopicArn"}, {"id": "SubscriptionArn", "arn": "SubscriptionArn"}
    ),
    "aws:sqs/queue:Queue": Call(
        "sqs",
        "create_queue",
        {
            "name": "QueueName",
            "kmsMasterKeyId": "Attributes.KmsMasterKeyId",
            "kmsDataKeyReusePeriodSeconds": "Attributes.KmsDataKeyReusePeriodSeconds",
            "messageRetentionSeconds": "Attributes.MessageRetentionPeriod",
            "receiveWaitTimeSeconds": "Attributes.ReceiveMessageWaitTimeSeconds",
            "redriveAllowPolicy": "Attributes.RedriveAllowPolicy",
            "redrivePolicy": "Attributes.RedrivePolicy",
            "visibilityTimeoutSeconds": "Attributes.VisibilityTimeout",
            "sqsManagedSseEnabled": "Attributes.SqsManagedSseEnabled",
        },
        {"id": "QueueUrl", "url": "QueueUrl", "arn": "arn:aws:sqs:{region}:{account}:{name}"},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Call(
        "sqs", "set_queue_attributes", {"policy": "Attributes.Policy"}, {"id": "{queueUrl}"}
    ),
    "aws:cloudwatch/logGroup:LogGroup": Call(
        "logs",
        "create_log_group",
        {"name": "logGroupName", "retentionInDays": ""},
        {"id": "{name}", "arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
        then=(
            Call(
                "logs",
                "put_retention_policy",
                {"name": "logGroupName", "retentionInDays": "retentionInDays"},
                when="retentionInDays",
            ),
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Call(
        "cloudwatch",
        "put_metric_alarm",
        {"name": "AlarmName", "okActions": "OKActions", "metricQueries": "Metrics"},
        {"id": "{name}", "arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": Call("cloudwatch", "put_dashboard", outputs={"id": "{dashboardName}"}),
    "aws:cloudwatch/eventRule:EventRule": Call(
        "events",
        "put_rule",
        outputs={"id": "{name}", "arn": "RuleArn"},
    ),
    # the cluster
    "aws:eks/cluster:Cluster": Call(
        "eks",
        "create_cluster",
        {"vpcConfig": "resourcesVpcConfig", "enabledClusterLogTypes": "logging.clusterLogging.0.types"},
        {
            "id": "cluster.name",
            "arn": "cluster.arn",
            "endpoint": "cluster.endpoint",
            "certificateAuthority.data": "cluster.certificateAuthority.data",
            "platformVersion": "cluster.platformVersion",
        },
        {"logging": {"clusterLogging": [{"enabled": True}]}},
        then=(
            # EKS makes one for the cluster, moto does not
            Call(
                "ec2",
                "create_security_group",
                {"name": "GroupName"},
                {"vpcConfig.clusterSecurityGroupId": "GroupId"},
                {"Description": "of the cluster"},
            ),
        ),
    ),
    "aws:eks/nodeGroup:NodeGroup": Call(
        "eks",
        "create_nodegroup",
        {"nodeGroupNamePrefix": "nodegroupName", "subnetIds": "subnets", "nodeRoleArn": "nodeRole"},
        {"id": "nodegroup.nodegroupName", "arn": "nodegroup.nodegroupArn"},
    ),
    "aws:eks/addon:Addon": Call("eks", "create_addon", outputs={"id": "addon.addonName", "arn": "addon.addonArn"}),
    # cost, firewall, audit
    "aws:budgets/budget:Budget": Call(
        "budgets",
        "create_budget",
        {
            "accountId": "AccountId",
            "name": "Budget.BudgetName",
            "budgetType": "Budget.BudgetType",
            "timeUnit": "Budget.TimeUnit",
            "limitAmount": "Budget.BudgetLimit.Amount",
            "limitUnit": "Budget.BudgetLimit.Unit",
            "notifications": "",
            "metrics": "",
        },
        {"id": "{account}:{name}", "arn": "arn:aws:budgets::{account}:budget/{name}"},
        {"AccountId": "{account}"},
    ),
    "aws:wafv2/webAcl:WebAcl": Call(
        "wafv2",
        "create_web_acl",
        outputs={"id": "Summary.Id", "arn": "Summary.ARN"},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Call(
        "elbv2",
        "create_load_balancer",
        {"loadBalancerType": "Type", "internal": ""},
        {
            "id": "LoadBalancers.0.LoadBalancerArn",
            "arn": "LoadBalancers.0.LoadBalancerArn",
            "dnsName": "LoadBalancers.0.DNSName",
            "zoneId": "LoadBalancers.0.CanonicalHostedZoneId",
        },
    ),
    "aws:lb/targetGroup:TargetGroup": Call(
        "elbv2",
        "create_target_group",
        {
            "path": "HealthCheckPath",
            "healthCheck": "",
        },
        {
            "id": "TargetGroups.0.TargetGroupArn",
            "arn": "TargetGroups.0.TargetGroupArn",
            "arnSuffix": "targetgroup/{name}/0123456789abcdef",
        },
    ),
    "aws:lb/listener:Listener": Call(
        "elbv2",
        "create_listener",
        {"certificateArn": "Certificates.0.CertificateArn", "fixedResponse": "FixedResponseConfig"},
        {"id": "Listeners.0.ListenerArn", "arn": "Listeners.0.ListenerArn"},
    ),
    "aws:lb/listenerRule:ListenerRule": Call(
        "elbv2",
        "create_rule",
        {"hostHeader": "HostHeaderConfig"},
        {"id": "Rules.0.RuleArn", "arn": "Rules.0.RuleArn"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Call(
        "iam", "attach_role_policy", {"role": "RoleName"}, {"id": "{role}/{policyArn}"}
    ),
    "aws:route53/record:Record": Call(
        "route53",
        "change_resource_record_sets",
        {
            "zoneId": "HostedZoneId",
            "name": "ChangeBatch.Changes.0.ResourceRecordSet.Name",
            "type": "ChangeBatch.Changes.0.ResourceRecordSet.Type",
            "ttl": "ChangeBatch.Changes.0.ResourceRecordSet.TTL",
            "setIdentifier": "ChangeBatch.Changes.0.ResourceRecordSet.SetIdentifier",
            "healthCheckId": "ChangeBatch.Changes.0.ResourceRecordSet.HealthCheckId",
            "aliases": "ChangeBatch.Changes.0.ResourceRecordSet.AliasTarget",
        },
        {"id": "{zoneId}_{name}", "fqdn": "{name}"},
        {"ChangeBatch": {"Changes": [{"Action": "UPSERT"}]}},
    ),
    "aws:backup/vaultPolicy:VaultPolicy": Call(
        "backup", "put_backup_vault_access_policy", outputs={"id": "{backupVaultName}"}
    ),
    "aws:backup/vaultNotifications:VaultNotifications": Call(
        "backup", "put_backup_vault_notifications", {"snsTopicArn": "SNSTopicArn"}, {"id": "{backupVaultName}"}
    ),
    "aws:backup/selection:Selection": Call(
        "backup",
        "create_backup_selection",
        {
            "planId": "BackupPlanId",
            "name": "BackupSelection.SelectionName",
            "iamRoleArn": "BackupSelection.IamRoleArn",
            "resources": "BackupSelection.Resources",
            "conditions": "BackupSelection.Conditions",
            "key": "ConditionKey",
            "value": "ConditionValue",
        },
        {"id": "SelectionId"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Call(
        "eks", "create_pod_identity_association", outputs={"id": "association.associationId"}
    ),
    "aws:eks/accessEntry:AccessEntry": Call("eks", "create_access_entry", outputs={"id": "{principalArn}"}),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Call(
        "eks", "associate_access_policy", outputs={"id": "{principalArn}"}
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Call(
        "wafv2", "associate_web_acl", {"webAclArn": "WebACLArn"}, {"id": "{webAclArn}"}
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Call(
        "wafv2",
        "put_logging_configuration",
        {
            "resourceArn": "LoggingConfiguration.ResourceArn",
            "logDestinationConfigs": "LoggingConfiguration.LogDestinationConfigs",
            "redactedFields": "",
            "loggingFilter": "",
        },
        {"id": "{resourceArn}"},
    ),
    "aws:s3/inventory:Inventory": Call(
        "s3",
        "put_bucket_inventory_configuration",
        {
            "name": "Id",
            "enabled": "InventoryConfiguration.IsEnabled",
            "destination": "InventoryConfiguration.Destination",
            "includedObjectVersions": "InventoryConfiguration.IncludedObjectVersions",
            "optionalFields": "InventoryConfiguration.OptionalFields",
            "schedule": "InventoryConfiguration.Schedule",
            "bucket": "Bucket",
        },
        {"id": "{bucket}:{name}"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Call(
        "events",
        "put_targets",
        {
            "arn": "Targets.0.Arn",
            "targetId": "Targets.0.Id",
            "inputTransformer": "Targets.0.InputTransformer",
        },
        {"id": "{rule}"},
    ),
    "aws:ec2/capacityReservation:CapacityReservation": _ec2(
        "create_capacity_reservation", "CapacityReservation.CapacityReservationId", "capacity-reservation"
    ),
    "aws:cloudtrail/trail:Trail": Call(
        "cloudtrail",
        "create_trail",
        {"tags": "TagsList"},
        {"id": "TrailARN", "arn": "TrailARN"},
        then=(Call("cloudtrail", "start_logging", {"name": "Name"}, when="enableLogging"),),
    ),
    "aws:cfg/recorder:Recorder": Call(
        "config",
        "put_configuration_recorder",
        {
            "name": "ConfigurationRecorder.name",
            "roleArn": "ConfigurationRecorder.roleARN",
            "recordingGroup": "ConfigurationRecorder.recordingGroup",
        },
        {"id": "{name}"},
    ),
    "aws:cfg/deliveryChannel:DeliveryChannel": Call(
        "config",
        "put_delivery_channel",
        {
            "name": "DeliveryChannel.name",
            "s3BucketName": "DeliveryChannel.s3BucketName",
            "snapshotDeliveryProperties": "DeliveryChannel.configSnapshotDeliveryProperties",
        },
        {"id": "{name}"},
    ),
    "aws:cfg/recorderStatus:RecorderStatus": Call(
        "config", "start_configuration_recorder", {"name": "ConfigurationRecorderName"}, {"id": "{name}"}
    ),
    "aws:cfg/retentionConfiguration:RetentionConfiguration": Call(
        "config", "put_retention_configuration", outputs={"id": "RetentionConfiguration.Name"}
    ),
    "aws:securityhub/account:Account": Call("securityhub", "enable_security_hub", outputs={"id": "{account}"}),
    "aws:macie2/account:Account": Call("macie2", "enable_macie", outputs={"id": "{account}"}),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": Call(
        "ecr", "create_pull_through_cache_rule", outputs={"id": "{ecrRepositoryPrefix}"}
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Call(
        "ecr", "create_repository_creation_template", {"appliedFors": "appliedFor"}, {"id": "{prefix}"}
    ),
    "aws:amp/workspace:Workspace": Call(
        "amp",
        "create_workspace",
        outputs={
            "id": "workspaceId",
            "arn": "arn",
            "prometheusEndpoint": "https://aps-workspaces.{region}.amazonaws.com/",
        },
    ),
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": Call(
        "amp", "create_rule_groups_namespace", outputs={"id": "arn", "arn": "arn"}
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": Call(
        "ce", "create_anomaly_monitor", outputs={"id": "MonitorArn"}
    ),
    "aws:resourcegroups/group:Group": Call(
        "resource-groups",
        "create_group",
        outputs={"id": "Group.Name", "arn": "Group.GroupArn"},
    ),
    "aws:accessanalyzer/analyzer:Analyzer": Call(
        "accessanalyzer", "create_analyzer", outputs={"id": "arn", "arn": "arn"}
    ),
    "aws:inspector2/enabler:Enabler": Call("inspector2", "enable", outputs={"id": "{account}"}),
    "aws:signer/signingProfile:SigningProfile": Call(
        "signer",
        "put_signing_profile",
        {"name": "profileName"},
        {"id": "{name}", "arn": "arn", "versionArn": "profileVersionArn"},
    ),
    "aws:guardduty/detector:Detector": Call(
        "guardduty", "create_detector", outputs={"id": "DetectorId", "arn": "DetectorId"}
    ),
}
