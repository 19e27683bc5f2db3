"""Samples of `ami-provenance`."""

from __future__ import annotations

from policies.checks.ami_provenance import ALLOWED_IMAGES
from policies.tokens import EC2_INSTANCE, EC2_NODE_CLASS, LAUNCH_TEMPLATE, NODE_GROUP
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

AMI = "ami-0abcdef1234567890"
NOBODY = ("nothing says who made it",)


def template(image: object, **needs: tuple[str, ...]) -> Declared:
    return Declared(LAUNCH_TEMPLATE, "nodes", {"imageId": image, "region": "eu-west-1"}, needs)


def nodes(kind: object) -> Declared:
    return Declared(NODE_GROUP, "nodes", {"amiType": kind})


def node_class(*terms: object) -> Declared:
    return Declared(EC2_NODE_CLASS, "gpu", {"spec": {"amiSelectorTerms": list(terms)}})


def allowed(*providers: object, state: object = "enabled", region: str = "eu-west-1") -> Declared:
    criteria = [{"imageProviders": list(providers)}] if providers else []
    return Declared(ALLOWED_IMAGES, "images", {"state": state, "imageCriterions": criteria, "region": region})


SAMPLES = (
    Sample(Case.ALLOWED, "node group", (nodes("AL2023_x86_64_NVIDIA"), nodes("BOTTLEROCKET_ARM_64"), nodes(None))),
    Sample(Case.ALLOWED, "parameter of AWS", (template("resolve:ssm:/aws/service/eks/optimized-ami/1.35/x/image_id"),)),
    Sample(Case.ALLOWED, "template without an image", (template(None),)),
    Sample(Case.ALLOWED, "where the account restricts images", (template(AMI), allowed("amazon", "111122223333"))),
    Sample(Case.ALLOWED, "a single image", (template(AMI),), parameters={"images": [AMI]}),
    Sample(Case.ALLOWED, "Karpenter", (node_class({"alias": "al2023@v20260714"}, {"name": "eks-*"}),)),
    Sample(
        Case.RESOLVED,
        "image of the stack's pipeline",
        (Declared("aws:imagebuilder/image:Image", "image", {}), template(UNKNOWN, imageId=("image",))),
    ),
    Sample(Case.DISALLOWED, "retired image", (nodes("AL2_x86_64_GPU"),), ("amiType is",)),
    Sample(Case.DISALLOWED, "image by id", (template(AMI),), NOBODY),
    Sample(Case.DISALLOWED, "instance", (Declared(EC2_INSTANCE, "one", {"ami": AMI}),), ("ami is",)),
    Sample(Case.DISALLOWED, "restricted elsewhere", (template(AMI), allowed("amazon", region="eu-north-1")), NOBODY),
    Sample(Case.DISALLOWED, "parameter of somebody", (template("resolve:ssm:/golden/latest"),), NOBODY),
    Sample(Case.DISALLOWED, "latest release", (node_class({"alias": "al2023@latest"}),), ("no pinned release",)),
    Sample(Case.DISALLOWED, "another family", (node_class({"alias": "al2@v20250101"}),), ("no pinned release",)),
    Sample(Case.DISALLOWED, "Karpenter by id", (node_class({"id": AMI}),), NOBODY),
    Sample(Case.DISALLOWED, "another owner", (node_class({"name": "eks-*", "owner": "999988887777"}),), ("owner is",)),
    Sample(Case.DISALLOWED, "no images", (node_class(),), ("amiSelectorTerms is missing",)),
    Sample(Case.DISALLOWED, "only watches", (allowed("amazon", state="audit-mode"),), ("state is",)),
    Sample(Case.DISALLOWED, "no criteria", (allowed(),), ("so that any image is allowed",)),
    Sample(Case.DISALLOWED, "the marketplace", (allowed("amazon", "aws-marketplace"),), ("imageProviders[1] is",)),
    Sample(Case.UNKNOWN, "image", (template(UNKNOWN),), ("imageId is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown term does not hide the next",
        (node_class({"alias": UNKNOWN}, {"id": AMI}),),
        ("alias is not known", "nothing says who made it"),
    ),
    Sample(Case.NOT_APPLICABLE, "no machine", (Declared("aws:ec2/vpc:Vpc", "vpc", {}),)),
)
