"""The programs of the control plane, built from pinned Go modules: `python -m tests.cluster.binaries`.

Owns which program comes from where, and a cache outside the checkout in which each is built once. A cache entry is
named by all that goes into the build, so that a version that is raised is built beside the old one. etcd and
Prometheus are no Go modules that can be built here (their own `replace` lines and web assets are in the way); they are
taken from PATH, where Debian's packages put them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
_FLAGS = ("-trimpath", "-buildvcs=false")
_KUBERNETES_FLAGS = {
    "k8s.io/component-base/version.gitVersion": "{version}",
    "k8s.io/component-base/version.gitMajor": "{major}",
    "k8s.io/component-base/version.gitMinor": "{minor}",
}


@dataclass(frozen=True, eq=False)
class Source:
    """Programs that are built from one module.

    Attributes:
        folder: Folder in `modules/` with the `go.mod` that pins the module and all it needs.
        module: The module.
        programs: Name of a program -> its package.
        stamps: Variables that the linker sets; Kubernetes tells its version from them.
    """

    folder: str
    module: str
    programs: Mapping[str, str]
    stamps: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version that `go.mod` pins."""
        for line in (MODULES / self.folder / "go.mod").read_text(encoding="utf-8").splitlines():
            words = line.removeprefix("require ").split()
            if words[:1] == [self.module] and len(words) > 1:
                return words[1]
        raise LookupError(f"{self.folder}/go.mod does not require {self.module}")

    @property
    def linker_flags(self) -> str:
        """No symbol tables: a third of the size."""
        major, minor, *_ = self.version.lstrip("v").split(".")
        values = {"version": self.version, "major": major, "minor": minor}
        return " ".join(["-s", "-w", *(f"-X {name}={text.format(**values)}" for name, text in self.stamps.items())])


SOURCES = (
    Source(
        "kubernetes",
        "k8s.io/kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        _KUBERNETES_FLAGS,
    ),
    Source("kwok", "sigs.k8s.io/kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
    Source(
        "argo-rollouts",
        "github.com/argoproj/argo-rollouts",
        {"rollouts-controller": "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"},
    ),
    Source(
        "keda",
        "github.com/kedacore/keda/v2",
        {
            "keda-operator": "github.com/kedacore/keda/v2/cmd/operator",
            "keda-metrics": "github.com/kedacore/keda/v2/cmd/adapter",
        },
    ),
    # our own: what the rollout controller talks to where its Gateway API plugin is not at hand
    Source("traffic-router", "github.com/argoproj/argo-rollouts", {"traffic-router": "."}),
)
INSTALLED = {"etcd": "etcd-server", "prometheus": "prometheus"}
"""Program -> the Debian package that brings it."""

_ASSETS = ("etcd", "kube-apiserver", "kubectl")  # what KUBEBUILDER_ASSETS holds


def source_of(program: str) -> Source:
    """Where a program is built from."""
    return next(source for source in SOURCES if program in source.programs)


def missing() -> list[str]:
    """What this machine lacks to run the control plane, each with how to get it; empty if nothing."""
    lacking = [
        f"{program} (Debian: apt-get install {package})"
        for program, package in INSTALLED.items()
        if _outside(program) is None
    ]
    if not unbuilt():
        return lacking
    return lacking if shutil.which("go") else [*lacking, "go, 1.26 or newer (https://go.dev/dl)"]


def unbuilt() -> list[str]:
    """Programs that are still to be built."""
    return [program for source in SOURCES for program in source.programs if find(program) is None]


def find(program: str) -> Path | None:
    """The program, if it is there already: a user's own, one from PATH, or one from the cache."""
    outside = _outside(program)
    if outside or program in INSTALLED:
        return outside
    if shutil.which("go") is None:
        return None
    built = _entry(source_of(program)) / program
    return built if built.exists() else None


def build(say: Callable[[str], None]) -> None:
    """Build what is not in the cache yet.

    Args:
        say: Told what is built and how long it took.

    Raises:
        RuntimeError: Something is lacking or a build failed.
    """
    lacking = missing()
    if lacking:
        raise RuntimeError("the control plane needs " + "; ".join(lacking))
    to_build = unbuilt()
    if not to_build:
        return
    say(f"building {len(to_build)} programs once (kube-apiserver alone: 9 minutes on two cores): {' '.join(to_build)}")
    for program in to_build:
        _build(program, say)


def _build(program: str, say: Callable[[str], None]) -> None:
    source = source_of(program)
    target = _entry(source) / program
    with _locked(_entry(source)):
        if target.exists():  # another process was faster
            return
        started = time.monotonic()
        unfinished = target.with_name(f".{program}.{os.getpid()}")
        command = ["go", "build", "-C", str(MODULES / source.folder), *_FLAGS, "-mod=readonly"]
        command += ["-ldflags", source.linker_flags, "-o", str(unfinished), source.programs[program]]
        result = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{program} cannot be built:\n{result.stderr[-4000:]}")
        unfinished.replace(target)
        say(f"{program} {source.version}: {time.monotonic() - started:.0f} s")


def _outside(program: str) -> Path | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and program in _ASSETS and (Path(assets) / program).exists():
        return Path(assets) / program
    found = shutil.which(program) if program in INSTALLED else None
    return Path(found) if found else None


@cache
def _entry(source: Source) -> Path:
    """The cache's folder for what is built from a module, as it is pinned, with this Go."""
    seen = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        seen.update((MODULES / source.folder / name).read_bytes())
    seen.update(" ".join([*_FLAGS, source.linker_flags, _go_version()]).encode())
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "serving-blueprints" / "cluster" / f"{source.folder}-{seen.hexdigest()[:16]}"


@cache
def _go_version() -> str:
    return subprocess.run(["go", "version"], env=_environment(), capture_output=True, text=True, check=True).stdout


def _environment() -> dict[str, str]:
    """A build must not depend on a workspace or on flags that somebody set for something else."""
    return os.environ | {"GOWORK": "off", "GOFLAGS": ""}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build, and say where everything is."""
    try:
        build(lambda text: print(text, flush=True))  # noqa: T201
    except RuntimeError as error:
        print(f"missing: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
