"""How the init container is told what to fetch and by whom it must be signed.

Owns the command line of the organisation's own image that fetches a model and verifies it against its signed
manifest before a server sees a byte of it. Whatever fails (a missing file, another digest, a signature by
somebody else) ends the container with a status other than zero, and the server never starts.

    fetch --manifest s3://BUCKET/KEY --digest sha256:HEX --signer IDENTITY --destination DIRECTORY

`--manifest` is the release manifest; its files lie below the same prefix and are named relative to it.
`--digest` is the digest of the manifest itself. `--signer` is an identity as the manifest's signature names
it. Credentials and region come from the environment, as the AWS SDK reads them.

The same image holds `kubectl`: see `components.degradation_switch`.
"""

from components.engines import MODEL_DIRECTORY
from serving.blueprint.schema.model import Manifest, Model


def fetch_arguments(model: Model, bucket: str) -> list[str]:
    """Arguments of the init container."""
    return [
        "fetch",
        f"--manifest=s3://{bucket}/{model.manifest.path}",
        f"--digest={model.manifest.digest}",
        f"--signer={model.manifest.signer}",
        f"--destination={MODEL_DIRECTORY}",
    ]


def model_prefix(manifest: Manifest) -> str:
    """Where the manifest's files lie in the model store, with a slash at the end; empty for the whole bucket."""
    folder, slash, _ = manifest.path.rpartition("/")
    return f"{folder}{slash}"
