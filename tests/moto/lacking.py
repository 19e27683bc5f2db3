"""What moto 5.2.5 does not have: these resources are not applied, and nothing is claimed of them here.

Owns the reviewed tables. `OPERATIONS`: the operation that makes the resource is not there (a test asks moto, so an
entry falls when moto learns it). `REFUSED`: the operation is there and the call fails for the reason that is given.
`NOT_KEPT`: the call succeeds, and moto forgets a part of it.
"""

from __future__ import annotations

OPERATIONS: dict[str, tuple[str, str]] = {
    "aws:accessanalyzer/analyzer:Analyzer": ("accessanalyzer", "create_analyzer"),
    "aws:amp/alertManagerDefinition:AlertManagerDefinition": ("amp", "create_alert_manager_definition"),
    "aws:arcregionswitch/plan:Plan": ("arc-region-switch", "create_plan"),
    "aws:backup/regionSettings:RegionSettings": ("backup", "update_region_settings"),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": ("backup", "create_restore_testing_plan"),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": ("backup", "create_restore_testing_selection"),
    "aws:backup/selection:Selection": ("backup", "create_backup_selection"),
    "aws:backup/vaultNotifications:VaultNotifications": ("backup", "put_backup_vault_notifications"),
    "aws:backup/vaultPolicy:VaultPolicy": ("backup", "put_backup_vault_access_policy"),
    "aws:budgets/budgetAction:BudgetAction": ("budgets", "create_budget_action"),
    "aws:cloudcontrol/resource:Resource": ("cloudcontrol", "create_resource"),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": ("logs", "put_data_protection_policy"),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": ("ce", "create_anomaly_monitor"),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": ("ce", "create_anomaly_subscription"),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": ("ce", "update_cost_allocation_tags_status"),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": ("ec2", "enable_snapshot_block_public_access"),
    "aws:ec2/capacityReservation:CapacityReservation": ("ec2", "create_capacity_reservation"),
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": ("ec2", "enable_image_block_public_access"),
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": ("ec2", "modify_instance_metadata_defaults"),
    "aws:ec2/serialConsoleAccess:SerialConsoleAccess": ("ec2", "disable_serial_console_access"),
    "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion": (
        "ec2",
        "create_vpc_block_public_access_exclusion",
    ),
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": (
        "ec2",
        "modify_vpc_block_public_access_options",
    ),
    "aws:ec2/vpcEncryptionControl:VpcEncryptionControl": ("ec2", "create_vpc_encryption_control"),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": ("ecr", "create_pull_through_cache_rule"),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": ("ecr", "create_repository_creation_template"),
    "aws:eks/accessEntry:AccessEntry": ("eks", "create_access_entry"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": ("eks", "associate_access_policy"),
    "aws:eks/addon:Addon": ("eks", "create_addon"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("eks", "create_pod_identity_association"),
    "aws:macie2/classificationJob:ClassificationJob": ("macie2", "create_classification_job"),
}
"""Type -> moto's service and the operation that is not there."""

REFUSED: dict[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": "nothing of AWS: the provider waits for the certificate",
    "aws:ec2/defaultRouteTable:DefaultRouteTable": "an update of what the network is born with, by identifiers that "
    "moto's answers lack",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "an update of what the network is born with, by identifiers "
    "that moto's answers lack",
    "aws:glue/catalogDatabase:CatalogDatabase": "moto's Glue needs pyparsing, which the project does not pin",
    "aws:glue/catalogTable:CatalogTable": "moto's Glue needs pyparsing, which the project does not pin",
    "aws:guardduty/detectorFeature:DetectorFeature": "moto keeps no features of a detector (update_detector)",
    "aws:kms/alias:Alias": "of replicas: moto lets a primary key and its replicas share one list of aliases",
    "aws:resourcegroups/resource:Resource": "capacity reservations, which moto does not have",
    "aws:s3/bucketLogging:BucketLogging": "moto cannot read policies that deny to everybody (Principal `*`)",
    "aws:s3/inventory:Inventory": "moto keeps a part of an inventory only, without what it is delivered to",
    "aws:securityhub/findingAggregator:FindingAggregator": "moto keeps no aggregators of this kind",
    "aws:securityhub/standardsSubscription:StandardsSubscription": "moto has no standards",
}
"""Type -> why it, or some of it, is not applied although there is an operation."""

NOT_KEPT: dict[tuple[str, str], str] = {
    ("aws:dynamodb/table:Table", "replicas"): "moto has no global tables of version 2019.11.21",
    ("aws:kms/key:Key", "every"): "moto keeps whether a key rotates, not how often",
}
"""Type and fact (of `facts`) -> why moto's answer says nothing of the plan."""

UNKNOWN = ("serving-certificates-validation-",)
"""Heads of the names of resources whose inputs moto cannot answer: ACM's own records."""
