"""Rule `macie-pii-scan`: somebody looks whether personal data lies where it is declared."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from policies.regions import region_of
from policies.rule import Kind, Level, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tagging import tag_of, tags
from policies.tokens import BUCKET
from policies.views import Node, Resource, Undetermined
from serving.blueprint.tags import PERSONAL, TagKey
from serving.blueprint.vocabulary import EnvironmentKind

JOB: Final = "aws:macie2/classificationJob:ClassificationJob"
_SCHEDULED: Final = "SCHEDULED"
_STOPPED: Final = ("CANCELLED", "USER_PAUSED")


class PersonalDataScan(Parameters):
    """Parameters."""

    personal_tag: str = Field(
        default=TagKey.PERSONAL_DATA.value, description="Tag key that declares personal data by the value `true`."
    )
    class_tag: str = Field(default=TagKey.DATA_CLASS.value, description="Tag key of the data class.")
    classes: tuple[str, ...] = Field(
        default=("pii", "phi", "personal", "personal-data"),
        description=(
            "Data classes that declare personal data. The blueprint's own do not: what is confidential or restricted "
            "may be a model."
        ),
    )


def check(bucket: Resource, parameters: PersonalDataScan) -> Outcomes:
    """Judge one bucket that is declared to hold personal data by the jobs of its region."""
    if not _is_declared(bucket, parameters):
        return
    doubt: Undetermined | None = None
    for job in bucket.stack.of(JOB):
        try:
            if _runs(job) and region_of(job) == region_of(bucket) and _scans(job, bucket):
                return
        except Undetermined as unknown:
            doubt = unknown
    if doubt is not None:
        raise doubt
    yield Violation("no scheduled Macie job scans the bucket, which is declared to hold personal data")


def _is_declared(bucket: Resource, parameters: PersonalDataScan) -> bool:
    if tag_of(bucket, parameters.personal_tag) == PERSONAL:
        return True
    return tag_of(bucket, parameters.class_tag) in parameters.classes


def _runs(job: Resource) -> bool:
    return job["jobType"].text() == _SCHEDULED and job["jobStatus"].text() not in _STOPPED


def _scans(job: Resource, bucket: Resource) -> bool:
    definition = job["s3JobDefinition"]
    named = [name for entry in definition["bucketDefinitions"].items() for name in entry["buckets"].items()]
    if named:
        return _names(job, named, bucket)
    criteria = definition["bucketCriteria"]
    excluded = criteria.at("excludes", "ands").items()
    if excluded and all(_holds(criterion, bucket) for criterion in excluded):
        return False
    return all(_holds(criterion, bucket) for criterion in criteria.at("includes", "ands").items())


def _names(job: Resource, names: list[Node], bucket: Resource) -> bool:
    """Whether a name is that of the bucket; an unknown one is, if it comes from the bucket."""
    for name in names:
        sources = job.sources(name) if name.unknown else ()
        if bucket in sources:
            return True
        if name.unknown and not sources:
            raise Undetermined(name.path, name.urn)
    own = bucket["bucket"].text()
    return own is not None and any(not name.unknown and name.text() == own for name in names)


def _holds(criterion: Node, bucket: Resource) -> bool:
    """Whether a condition on buckets holds. One that is not about tags or names is taken to hold."""
    tag, simple = criterion["tagCriterion"], criterion["simpleCriterion"]
    if not tag.missing:
        carried = {key: value.text() for key, value in tags(bucket).items()}
        wanted = [(pair["key"].text(), pair["value"].text()) for pair in tag["tagValues"].items()]
        return _compared(tag, any(carried.get(key or "") == value for key, value in wanted))
    if simple["key"].text() == "S3_BUCKET_NAME":
        return _compared(simple, bucket["bucket"].text() in {value.text() for value in simple["values"].items()})
    return True


def _compared(criterion: Node, equal: bool) -> bool:
    return not equal if criterion["comparator"].text() == "NE" else equal


RULE = Rule(
    id="macie-pii-scan",
    title="Buckets with personal data are scanned for what they really hold",
    description=(
        "Each bucket that is declared to hold personal data, by a tag of its own or by its data class, is covered by a "
        "scheduled Macie classification job of its region, which names the bucket or whose conditions on tags and "
        "names hold for it."
    ),
    effect="nobody notices when more personal data lies in the bucket than anybody agreed to",
    remedy="add a Macie Account and a scheduled ClassificationJob that names the bucket, or its tag",
    topic=Topic.RETENTION,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(BUCKET,),
    parameters=PersonalDataScan,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
