"""Section `governance`: what data it is, where the model comes from, and who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Days, GitCommit, HttpsUrl, Identifier, Name, Section, Text
from serving.blueprint.vocabulary import DataClass, RiskClass


class Jurisdiction(StrEnum):
    """Where data may be processed and stored."""

    EU = "eu"
    US = "us"
    UK = "uk"
    APAC = "apac"


class Encryption(StrEnum):
    """Who holds the key at rest. Keys that AWS owns are not offered."""

    DATA_CLASS_KEY = "data-class-key"
    """The customer-managed key that all services of one data class share."""
    SERVICE_KEY = "service-key"
    """A customer-managed key of the service's own."""


class Dataset(Section):
    """A training or evaluation dataset, frozen."""

    name: Identifier = Field(description="Name in the data catalogue.")
    snapshot: Identifier = Field(description="Identifier of the frozen snapshot.")


class FeatureView(Section):
    """A feature view and its version."""

    name: Identifier = Field(description="Name in the feature store.")
    version: Identifier = Field(description="Version that the model was trained on.")


class UpstreamModel(Section):
    """A model that this one was derived from."""

    name: Text = Field(description="Name, with its publisher.")
    version: Text = Field(description="Version or revision.")
    license: Text = Field(description="License (SPDX identifier where there is one).")


class Lineage(Section):
    """Where the model comes from."""

    datasets: tuple[Dataset, ...] = Field(min_length=1, description="What it was trained and judged on.")
    training_run: Identifier = Field(description="Run in the experiment tracker.")
    source_commit: GitCommit = Field(description="Commit of the training code.")
    feature_views: tuple[FeatureView, ...] = Field(default=(), description="Features that it reads when serving.")
    upstream_models: tuple[UpstreamModel, ...] = Field(default=(), description="What it was derived from.")


class PersonalData(Section):
    """How personal data in requests and answers is handled."""

    processed: bool = Field(default=False, description="Whether requests or answers hold personal data.")
    categories: tuple[Text, ...] = Field(default=(), description="Which (contact, financial, health...).")
    legal_basis: Text | None = Field(default=None, description="Why it may be processed (GDPR art. 6).")

    @model_validator(mode="after")
    def _check(self) -> PersonalData:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        for key, stated in (("categories", bool(self.categories)), ("legal_basis", bool(self.legal_basis))):
            if self.processed and not stated:
                yield Finding(
                    (key,),
                    f"personal data is processed but {key} is not stated",
                    effect="nobody could answer a data subject or an auditor",
                    remedy=f"state {key}",
                )


class Access(Section):
    """Who may do what; names of groups in the identity provider."""

    invoke: tuple[Name, ...] = Field(
        default=(),
        description="Who may call it, where the environment has `callers`; everybody with a token by default.",
    )
    deploy: tuple[Name, ...] = Field(default=(), description="Who may deploy; the owner by default.")
    approve: tuple[Name, ...] = Field(
        default=("platform-approvers",), min_length=1, description="Who must approve a production change."
    )


class Retention(Section):
    """How long what is stored."""

    inference_log_days: int = Field(default=90, ge=1, le=3_653, description="Inference logs, days.")
    feature_days: Days = Field(default=90, description="Online features, days.")
    audit_days: int = Field(default=365, ge=90, le=3_653, description="Audit evidence, days.")


class Governance(Section):
    """What data it is, where the model comes from, and who may do what."""

    data_class: DataClass = Field(description="Most sensitive class of data in requests, answers or features.")
    lineage: Lineage = Field(description="Where the model comes from.")
    risk_class: RiskClass = Field(default=RiskClass.MINIMAL, description="Risk class of the EU AI Act.")
    model_card: HttpsUrl | None = Field(default=None, description="Link to the model card.")
    personal_data: PersonalData = Field(default=PersonalData(), description="How personal data is handled.")
    residency: tuple[Jurisdiction, ...] = Field(
        default=(), description="Where data may be; anywhere that the environment offers by default."
    )
    retention: Retention = Field(default=Retention(), description="How long what is stored.")
    access: Access = Field(default=Access(), description="Who may do what.")
    encryption: Encryption = Field(default=Encryption.DATA_CLASS_KEY, description="Who holds the key at rest.")

    @model_validator(mode="after")
    def _check(self) -> Governance:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.risk_class is RiskClass.HIGH:
            if self.model_card is None:
                yield Finding(
                    ("model_card",),
                    "risk class 'high' needs a model card",
                    effect="the technical documentation of a high-risk system would be missing",
                    remedy="state the link to the approved model card",
                )
            # six months: Regulation (EU) 2024/1689, articles 19(1) and 26(6)
            if self.retention.inference_log_days < 183:
                yield Finding(
                    ("retention", "inference_log_days"),
                    f"{self.retention.inference_log_days} days is less than the six months of a high-risk system",
                    effect="logs would be gone before the EU AI Act (art. 19, 26) allows it",
                    remedy="keep them for at least 183 days",
                )
        if self.personal_data.processed and self.data_class in (DataClass.PUBLIC, DataClass.INTERNAL):
            yield Finding(
                ("data_class",),
                f"'{self.data_class}' although personal data is processed",
                effect="personal data would share keys and access with harmless data",
                remedy="choose confidential or restricted",
                allowed=(DataClass.CONFIDENTIAL, DataClass.RESTRICTED),
            )
