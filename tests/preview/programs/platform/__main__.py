"""Everything that a plan has to keep: parents, providers, secrets, unknowns, options, exports."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

PASSWORD = "correct horse battery staple"


class Store(pulumi.ComponentResource):
    """A bucket with its key, protected."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("demo:store:Store", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        self.key = aws.kms.Key(f"{name}-key", opts=pulumi.ResourceOptions(parent=self))
        self.bucket = aws.s3.Bucket(f"{name}-bucket", bucket=f"demo-{name}", opts=kept)
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=self.bucket.id,
            policy=self.key.arn.apply(lambda arn: f"for {arn}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.key]),
        )
        self.register_outputs({"key": self.key.arn})


config = pulumi.Config()
shape = config.require_object("shape")
elsewhere = aws.Provider("elsewhere", region="eu-north-1")
store = Store("models", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old-models")]))
Store("copy", pulumi.ResourceOptions(providers=[elsewhere]))
aws.rds.Instance("db", instance_class="db.t4g.micro", password=PASSWORD, username="root")
aws.ssm.Parameter(
    "hidden", type="String", value=pulumi.Output.secret({"deep": [PASSWORD]}).apply(lambda v: v["deep"][0])
)
aws.ssm.Parameter("configured", type="String", value=config.require_secret("token"))
aws.iam.Role("role", name="serve", assume_role_policy="{}")
pulumi.CustomResource("demo:index:Odd", "odd", {"nested": {"$unknown": True}, "size": 3, "share": 0.5})
pulumi.export("bucket", store.bucket.bucket)
pulumi.export("key", store.key.arn)
pulumi.export("password", pulumi.Output.secret(PASSWORD))
pulumi.export("shape", shape)
