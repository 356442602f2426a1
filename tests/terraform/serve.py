"""Serves the stand-in providers to Terraform from one process, until standard input ends.

Run in the folder that Terraform runs in, because file names in a configuration are relative to it. Prints the value of
TF_REATTACH_PROVIDERS. Arguments: the stand-in's installed folder, the version of the google provider, a scratch folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Start the servers, print how to reach them, wait for the end of standard input."""
    installed, google_version, scratch = sys.argv[1:]
    sys.path.insert(0, str(Path(installed) / "lib"))
    from standin import server  # type: ignore[import-not-found]  # a folder that only the argument names

    schemas = Path(installed) / "lib" / "schema"
    versions = dict(path.name.removesuffix(".json.gz").rsplit("-", 1) for path in sorted(schemas.glob("*.json.gz")))
    versions["google"] = google_version
    value, _servers = server.reattach(versions, str(schemas), scratch)
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # the servers' threads would keep the process


if __name__ == "__main__":
    main()
