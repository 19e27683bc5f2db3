"""The controls that rules implement.

Owns the registry of frameworks. A control stands here only after its id and meaning were checked against its
source; a mapping that nobody checked is worse than none, because an auditor believes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Framework(StrEnum):
    """Where a control comes from."""

    AWS_FSBP = "AWS Foundational Security Best Practices"
    EU_AI_ACT = "EU AI Act (Regulation (EU) 2024/1689)"
    ISO_42001 = "ISO/IEC 42001:2023"


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement of a framework."""

    framework: Framework
    id: str
    title: str


ECR_1 = Control(Framework.AWS_FSBP, "ECR.1", "ECR private repositories have image scanning configured")
ECR_2 = Control(Framework.AWS_FSBP, "ECR.2", "ECR private repositories have tag immutability configured")
EKS_1 = Control(Framework.AWS_FSBP, "EKS.1", "EKS cluster endpoints are not publicly accessible")
AI_ACT_12 = Control(Framework.EU_AI_ACT, "Article 12", "Record-keeping")
AI_ACT_19 = Control(Framework.EU_AI_ACT, "Article 19", "Automatically generated logs")
AI_ACT_26_6 = Control(Framework.EU_AI_ACT, "Article 26(6)", "Deployers keep the logs of high-risk systems")
ISO_A_7_5 = Control(Framework.ISO_42001, "A.7.5", "Data provenance")
ISO_A_6_2_8 = Control(Framework.ISO_42001, "A.6.2.8", "AI system recording of event logs")

CONTROLS: tuple[Control, ...] = (
    ECR_1,
    ECR_2,
    EKS_1,
    AI_ACT_12,
    AI_ACT_19,
    AI_ACT_26_6,
    ISO_A_7_5,
    ISO_A_6_2_8,
)
"""Every control that was checked. Coverage is counted against this list."""
