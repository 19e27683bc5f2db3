"""What AWS's API answers of the applied resources, held against what the plan says of them.

Owns one reader a type: it asks the API (never the plan) and names what is not as the plan has it. Each reader is run
for every resource of its type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3

from tests.moto.lacking import NOT_KEPT

Made = Mapping[str, Any]
"""An applied resource: inputs, outputs, and the region that it is in."""
Fact = tuple[str, Any, Any]
"""What, as the plan has it, as the API has it."""
Reader = Callable[[Made], Iterator[Fact]]


def client(service: str, made: Made) -> Any:
    return boto3.client(service, region_name=made["region"])


def bucket(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_bucket_versioning(Bucket=made["bucket"])
    yield "versioned", "Enabled", answer.get("Status")
    if made.get("objectLockEnabled"):
        lock = client("s3", made).get_object_lock_configuration(Bucket=made["bucket"])["ObjectLockConfiguration"]
        yield "locked", "Enabled", lock["ObjectLockEnabled"]


def bucket_encryption(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_bucket_encryption(Bucket=made["bucket"])["ServerSideEncryptionConfiguration"]
    said = made["rules"][0]["applyServerSideEncryptionByDefault"]
    found = answer["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    yield "algorithm", said["sseAlgorithm"], found["SSEAlgorithm"]
    if said["sseAlgorithm"] == "AES256":
        # only what services deliver logs to may be without a key of ours
        yield "holds logs only", True, "logs" in made["bucket"]
        return
    yield "key", said["kmsMasterKeyId"], found["KMSMasterKeyID"]
    key = client("kms", made).describe_key(KeyId=found["KMSMasterKeyID"].rpartition("/")[2])["KeyMetadata"]
    yield "key is there and in use", True, key["Enabled"]


def bucket_privacy(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_public_access_block(Bucket=made["bucket"])["PublicAccessBlockConfiguration"]
    for key in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"):
        yield key, True, answer[key]


def bucket_ownership(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_bucket_ownership_controls(Bucket=made["bucket"])["OwnershipControls"]
    yield "ownership", "BucketOwnerEnforced", answer["Rules"][0]["ObjectOwnership"]


def bucket_policy(made: Made) -> Iterator[Fact]:
    document = json.loads(client("s3", made).get_bucket_policy(Bucket=made["bucket"])["Policy"])
    denials = [one for one in document["Statement"] if one["Effect"] == "Deny" and one["Principal"] == "*"]
    conditions = [one["Condition"] for one in denials]
    yield "refuses plain connections", True, {"Bool": {"aws:SecureTransport": "false"}} in conditions
    said = made["policy"] if isinstance(made["policy"], Mapping) else json.loads(made["policy"])
    yield "policy", said, document


def bucket_lock(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_object_lock_configuration(Bucket=made["bucket"])["ObjectLockConfiguration"]
    said = made["rule"]["defaultRetention"]
    found = answer["Rule"]["DefaultRetention"]
    yield "mode", said["mode"], found["Mode"]
    yield "days", int(said["days"]), int(found["Days"])


def bucket_replication(made: Made) -> Iterator[Fact]:
    answer = client("s3", made).get_bucket_replication(Bucket=made["bucket"])["ReplicationConfiguration"]
    yield "role", made["role"], answer["Role"]
    yield (
        "to",
        sorted(rule["destination"]["bucket"] for rule in made["rules"]),
        sorted(rule["Destination"]["Bucket"] for rule in answer["Rules"]),
    )
    yield "on", {"Enabled"}, {rule["Status"] for rule in answer["Rules"]}


def bucket_lifecycle(made: Made) -> Iterator[Fact]:
    rules = client("s3", made).get_bucket_lifecycle_configuration(Bucket=made["bucket"])["Rules"]
    yield "rules", sorted(rule["id"] for rule in made["rules"]), sorted(rule["ID"] for rule in rules)
    yield "failed uploads go", True, any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def key(made: Made) -> Iterator[Fact]:
    metadata = client("kms", made).describe_key(KeyId=made["keyId"])["KeyMetadata"]
    yield "enabled", True, metadata["Enabled"]
    yield "multi-region", bool(made.get("multiRegion", "primaryKeyArn" in made)), metadata["MultiRegion"]
    policy = client("kms", made).get_key_policy(KeyId=made["keyId"], PolicyName="default")["Policy"]
    yield "policy", made["policy"], policy
    if "enableKeyRotation" in made:
        rotation = client("kms", made).get_key_rotation_status(KeyId=made["keyId"])
        yield "rotated", True, rotation["KeyRotationEnabled"]
        yield "every", int(made["rotationPeriodInDays"]), rotation.get("RotationPeriodInDays")


def replica_key(made: Made) -> Iterator[Fact]:
    metadata = client("kms", made).describe_key(KeyId=made["keyId"])["KeyMetadata"]
    yield "multi-region", True, metadata["MultiRegion"]
    yield "in its region", True, f":{made['region']}:" in metadata["Arn"]
    yield "same key", made["primaryKeyArn"].rpartition("/")[2], metadata["KeyId"]


def repository(made: Made) -> Iterator[Fact]:
    (found,) = client("ecr", made).describe_repositories(repositoryNames=[made["name"]])["repositories"]
    yield "tags", "IMMUTABLE", found["imageTagMutability"]
    yield "encrypted", "KMS", found["encryptionConfiguration"]["encryptionType"]
    yield "key", made["encryptionConfigurations"][0]["kmsKey"], found["encryptionConfiguration"]["kmsKey"]
    policy = client("ecr", made).get_repository_policy(repositoryName=made["name"])["policyText"]
    yield "has a policy", True, bool(json.loads(policy)["Statement"])
    lifecycle = client("ecr", made).get_lifecycle_policy(repositoryName=made["name"])["lifecyclePolicyText"]
    yield "has a lifecycle", True, bool(json.loads(lifecycle)["rules"])


def image_replication(made: Made) -> Iterator[Fact]:
    registry = client("ecr", made).describe_registry()["replicationConfiguration"]
    said = made["replicationConfiguration"]["rules"]
    for mine, found in zip(said, registry["rules"], strict=True):
        to = sorted(one["region"] for one in mine["destinations"])
        yield "to", to, sorted(one["region"] for one in found["destinations"])


def image_scanning(made: Made) -> Iterator[Fact]:
    answer = client("ecr", made).get_registry_scanning_configuration()["scanningConfiguration"]
    yield "scans", made["scanType"], answer["scanType"]


def table(made: Made) -> Iterator[Fact]:
    dynamodb = client("dynamodb", made)
    found = dynamodb.describe_table(TableName=made["name"])["Table"]
    yield "encrypted", "ENABLED", found["SSEDescription"]["Status"]
    yield "key", made["serverSideEncryption"]["kmsKeyArn"], found["SSEDescription"]["KMSMasterKeyArn"]
    yield "deletion protection", made["deletionProtectionEnabled"], found["DeletionProtectionEnabled"]
    wanted = sorted(one["regionName"] for one in made.get("replicas", []))
    yield "replicas", wanted, sorted(one["RegionName"] for one in found.get("Replicas", []))
    backups = dynamodb.describe_continuous_backups(TableName=made["name"])["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    yield "point-in-time recovery", "ENABLED", recovery
    expiry = dynamodb.describe_time_to_live(TableName=made["name"])["TimeToLiveDescription"]
    yield "expiry", made["ttl"]["attributeName"], expiry.get("AttributeName")


def role(made: Made) -> Iterator[Fact]:
    found = boto3.client("iam").get_role(RoleName=made["name"])["Role"]
    yield "trust", json.loads(made["assumeRolePolicy"]), found["AssumeRolePolicyDocument"]
    yield "session", int(made["maxSessionDuration"]), found["MaxSessionDuration"]


def role_policy(made: Made) -> Iterator[Fact]:
    answer = boto3.client("iam").get_role_policy(RoleName=made["role"], PolicyName="policy")
    said = made["policy"] if isinstance(made["policy"], Mapping) else json.loads(made["policy"])
    yield "policy", said, answer["PolicyDocument"]


def attachment(made: Made) -> Iterator[Fact]:
    answer = boto3.client("iam").list_attached_role_policies(RoleName=made["role"])
    yield "attached", True, made["policyArn"] in [one["PolicyArn"] for one in answer["AttachedPolicies"]]


def vpc(made: Made) -> Iterator[Fact]:
    ec2 = client("ec2", made)
    (found,) = ec2.describe_vpcs(VpcIds=[made["id"]])["Vpcs"]
    yield "range", made["cidrBlock"], found["CidrBlock"]
    answer = ec2.describe_vpc_attribute(VpcId=made["id"], Attribute="enableDnsHostnames")
    yield "private names", True, answer["EnableDnsHostnames"]["Value"]
    flows = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [made["id"]]}])["FlowLogs"]
    yield "flow logs", ["ALL"], [flow["TrafficType"] for flow in flows]


def subnet(made: Made) -> Iterator[Fact]:
    (found,) = client("ec2", made).describe_subnets(SubnetIds=[made["id"]])["Subnets"]
    yield "zone", made["availabilityZone"], found["AvailabilityZone"]
    yield "range", made["cidrBlock"], found["CidrBlock"]
    yield "gives public addresses", False, found["MapPublicIpOnLaunch"]


def route(made: Made) -> Iterator[Fact]:
    (found,) = client("ec2", made).describe_route_tables(RouteTableIds=[made["routeTableId"]])["RouteTables"]
    gateways = {
        one.get("NatGatewayId") or one.get("GatewayId") or one.get("TransitGatewayId")
        for one in found["Routes"]
        if one.get("DestinationCidrBlock") == made["destinationCidrBlock"]
    }
    yield "through", {made.get("natGatewayId") or made.get("gatewayId")}, gateways


def endpoint(made: Made) -> Iterator[Fact]:
    (found,) = client("ec2", made).describe_vpc_endpoints(VpcEndpointIds=[made["id"]])["VpcEndpoints"]
    yield "service", made["serviceName"], found["ServiceName"]
    yield "policy", json.loads(made["policy"]), json.loads(found["PolicyDocument"])
    if made["vpcEndpointType"] == "Interface":
        yield "private name", True, found["PrivateDnsEnabled"]
        yield "subnets", sorted(made["subnetIds"]), sorted(found["SubnetIds"])
    else:
        yield "routes", sorted(made["routeTableIds"]), sorted(found["RouteTableIds"])


def security_group_rule(made: Made) -> Iterator[Fact]:
    answer = client("ec2", made).describe_security_group_rules(SecurityGroupRuleIds=[made["id"]])
    (found,) = answer["SecurityGroupRules"]
    yield "group", made["securityGroupId"], found["GroupId"]
    if made.get("cidrIpv4") == "0.0.0.0/0":
        yield "open for HTTPS only", (443, 443), (found["FromPort"], found["ToPort"])


def launch_template(made: Made) -> Iterator[Fact]:
    answer = client("ec2", made).describe_launch_template_versions(LaunchTemplateId=made["id"])
    data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    yield "metadata by token", "required", data["MetadataOptions"]["HttpTokens"]
    yield "hops", 1, int(data["MetadataOptions"]["HttpPutResponseHopLimit"])
    disks = [one["Ebs"] for one in data["BlockDeviceMappings"]]
    yield "disks", len(made["blockDeviceMappings"]), len(disks)
    yield "disks are encrypted", [True] * len(disks), [str(one["Encrypted"]).lower() == "true" for one in disks]


def health_check(made: Made) -> Iterator[Fact]:
    config = boto3.client("route53").get_health_check(HealthCheckId=made["id"])["HealthCheck"]["HealthCheckConfig"]
    yield "asks", made.get("resourcePath"), config.get("ResourcePath")
    yield "type", made["type"], config["Type"]
    yield "every", int(made.get("requestInterval", 30)), config.get("RequestInterval", 30)


def vault(made: Made) -> Iterator[Fact]:
    found = client("backup", made).describe_backup_vault(BackupVaultName=made["name"])
    yield "key", made["kmsKeyArn"], found["EncryptionKeyArn"]


def vault_lock(made: Made) -> Iterator[Fact]:
    found = client("backup", made).describe_backup_vault(BackupVaultName=made["backupVaultName"])
    yield "locked", True, found["Locked"]
    yield "at least", int(made["minRetentionDays"]), found["MinRetentionDays"]


def backup_plan(made: Made) -> Iterator[Fact]:
    plan = client("backup", made).get_backup_plan(BackupPlanId=made["id"])["BackupPlan"]
    for mine, found in zip(made["rules"], plan["Rules"], strict=True):
        yield "when", mine["schedule"], found["ScheduleExpression"]
        copies = [one["destinationVaultArn"] for one in mine.get("copyActions", [])]
        yield "copies", copies, [one["DestinationBackupVaultArn"] for one in found.get("CopyActions", [])]


def topic(made: Made) -> Iterator[Fact]:
    found = client("sns", made).get_topic_attributes(TopicArn=made["arn"])["Attributes"]
    yield "key", made["kmsMasterKeyId"], found["KmsMasterKeyId"]


def topic_policy(made: Made) -> Iterator[Fact]:
    found = client("sns", made).get_topic_attributes(TopicArn=made["arn"])["Attributes"]
    yield "policy", json.loads(made["policy"]), json.loads(found["Policy"])


def queue(made: Made) -> Iterator[Fact]:
    found = client("sqs", made).get_queue_attributes(QueueUrl=made["url"], AttributeNames=["All"])["Attributes"]
    yield "key", made["kmsMasterKeyId"], found["KmsMasterKeyId"]


def log_group(made: Made) -> Iterator[Fact]:
    answer = client("logs", made).describe_log_groups(logGroupNamePrefix=made["name"])["logGroups"]
    (found,) = [one for one in answer if one["logGroupName"] == made["name"]]
    yield "kept", int(made["retentionInDays"]), found["retentionInDays"]
    yield "key", made["kmsKeyId"], found["kmsKeyId"]


def alarm(made: Made) -> Iterator[Fact]:
    (found,) = client("cloudwatch", made).describe_alarms(AlarmNames=[made["name"]])["MetricAlarms"]
    yield "threshold", float(made["threshold"]), found["Threshold"]
    yield "tells", made.get("alarmActions", []), found["AlarmActions"]


def cluster(made: Made) -> Iterator[Fact]:
    found = client("eks", made).describe_cluster(name=made["name"])["cluster"]
    yield "version", made["version"], found["version"]
    network = found["resourcesVpcConfig"]
    yield "private endpoint", made["vpcConfig"]["endpointPrivateAccess"], network["endpointPrivateAccess"]
    yield "public endpoint", made["vpcConfig"]["endpointPublicAccess"], network["endpointPublicAccess"]
    (logs,) = found["logging"]["clusterLogging"]
    yield "logs", (True, sorted(made["enabledClusterLogTypes"])), (logs["enabled"], sorted(logs["types"]))
    (encryption,) = found["encryptionConfig"]
    yield "secrets' key", made["encryptionConfig"]["provider"]["keyArn"], encryption["provider"]["keyArn"]


def certificate(made: Made) -> Iterator[Fact]:
    found = client("acm", made).describe_certificate(CertificateArn=made["arn"])["Certificate"]
    yield "host", made["domainName"], found["DomainName"]
    others = made.get("subjectAlternativeNames", [])
    yield "others", [], [one for one in others if one not in found["SubjectAlternativeNames"]]


def balancer(made: Made) -> Iterator[Fact]:
    (found,) = client("elbv2", made).describe_load_balancers(LoadBalancerArns=[made["arn"]])["LoadBalancers"]
    yield "groups", sorted(made["securityGroups"]), sorted(found["SecurityGroups"])


def listener(made: Made) -> Iterator[Fact]:
    (found,) = client("elbv2", made).describe_listeners(ListenerArns=[made["arn"]])["Listeners"]
    yield "protocol", made["protocol"], found["Protocol"]
    if made["protocol"] == "HTTPS":
        yield "TLS", made["sslPolicy"], found["SslPolicy"]


def web_acl(made: Made) -> Iterator[Fact]:
    found = client("wafv2", made).get_web_acl(Name=made["name"], Scope=made["scope"], Id=made["id"])["WebACL"]
    yield "rules", [one["name"] for one in made["rules"]], [one["Name"] for one in found["Rules"]]


def budget(made: Made) -> Iterator[Fact]:
    found = boto3.client("budgets").describe_budget(AccountId="123456789012", BudgetName=made["name"])["Budget"]
    yield "limit", float(made["limitAmount"]), float(found["BudgetLimit"]["Amount"])


def trail(made: Made) -> Iterator[Fact]:
    cloudtrail = client("cloudtrail", made)
    (found,) = cloudtrail.describe_trails(trailNameList=[made["name"]])["trailList"]
    yield "every region", made["isMultiRegionTrail"], found["IsMultiRegionTrail"]
    yield "validated", made["enableLogFileValidation"], found["LogFileValidationEnabled"]
    yield "on", True, cloudtrail.get_trail_status(Name=made["name"])["IsLogging"]


def detector(made: Made) -> Iterator[Fact]:
    found = client("guardduty", made).get_detector(DetectorId=made["id"])
    yield "on", "ENABLED", found["Status"]


def ebs_default(made: Made) -> Iterator[Fact]:
    yield "encrypted", True, client("ec2", made).get_ebs_encryption_by_default()["EbsEncryptionByDefault"]


def account_privacy(made: Made) -> Iterator[Fact]:
    answer = client("s3control", made).get_public_access_block(AccountId=made["accountId"])
    for name, value in answer["PublicAccessBlockConfiguration"].items():
        yield name, True, value


READERS: Mapping[str, Reader] = {
    "aws:acm/certificate:Certificate": certificate,
    "aws:backup/plan:Plan": backup_plan,
    "aws:backup/vault:Vault": vault,
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": vault_lock,
    "aws:budgets/budget:Budget": budget,
    "aws:cloudtrail/trail:Trail": trail,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:dynamodb/table:Table": table,
    "aws:ebs/encryptionByDefault:EncryptionByDefault": ebs_default,
    "aws:ec2/launchTemplate:LaunchTemplate": launch_template,
    "aws:ec2/route:Route": route,
    "aws:ec2/subnet:Subnet": subnet,
    "aws:ec2/vpc:Vpc": vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": image_scanning,
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": image_replication,
    "aws:ecr/repository:Repository": repository,
    "aws:eks/cluster:Cluster": cluster,
    "aws:guardduty/detector:Detector": detector,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": attachment,
    "aws:kms/key:Key": key,
    "aws:kms/replicaKey:ReplicaKey": replica_key,
    "aws:lb/listener:Listener": listener,
    "aws:lb/loadBalancer:LoadBalancer": balancer,
    "aws:route53/healthCheck:HealthCheck": health_check,
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": account_privacy,
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucket_lifecycle,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": bucket_lock,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucket_ownership,
    "aws:s3/bucketPolicy:BucketPolicy": bucket_policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket_privacy,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": bucket_replication,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucket_encryption,
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicPolicy:TopicPolicy": topic_policy,
    "aws:sqs/queue:Queue": queue,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": security_group_rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": security_group_rule,
    "aws:wafv2/webAcl:WebAcl": web_acl,
}


def differences(made: Made) -> dict[str, str]:
    """What the API says other than the plan, by fact; a thing that is not there at all is one of them."""
    try:
        facts = list(READERS[made["type_token"]](made))
    except Exception as error:  # noqa: BLE001  (whatever the API refuses: it is told, and fails the test)
        return {"there": f"{made['logical']}: {type(error).__name__}: {error}"}
    return {
        what: f"{made['logical']}: {what} is {found!r}, not {said!r}" for what, said, found in facts if found != said
    }


def wrong(made: Made) -> list[str]:
    """The differences that moto is not known for."""
    kind = made["type_token"]
    return [text for what, text in differences(made).items() if (kind, what) not in NOT_KEPT]
