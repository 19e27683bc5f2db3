"""The component plugin: Pulumi starts it to use the components from any language.

Owns the start of the provider and nothing else. Its folder comes first on `sys.path` when it runs as a
program, where its modules would hide others of their names; the checkout takes its place.
"""

import sys
from pathlib import Path


def main() -> None:
    """Serve all published components until Pulumi ends the process."""
    from pulumi.provider.experimental import component_provider_host

    import components
    from components.options import PACKAGE
    from serving import __version__

    published = [getattr(components, component) for component in components.MODULES]
    component_provider_host(published, PACKAGE, version=__version__)


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent
    sys.path[:] = [str(folder.parent), *(path for path in sys.path if Path(path).resolve() != folder)]
    main()
