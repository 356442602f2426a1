"""python -m local.bigquery --port 9050 --data-dir DIR"""

from __future__ import annotations

import argparse
from pathlib import Path

from local.bigquery.server import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.bigquery", description="BigQuery on this machine")
    parser.add_argument("--port", type=int, default=9050, help="REST port on 127.0.0.1; 0: any free one")
    parser.add_argument("--grpc-port", type=int, default=0, help="port of the Storage API; 0: any free one")
    parser.add_argument("--data-dir", type=Path, required=True, help="everything is kept here")
    options = parser.parse_args()
    run(port=options.port, grpc_port=options.grpc_port, data_dir=options.data_dir)


main()
