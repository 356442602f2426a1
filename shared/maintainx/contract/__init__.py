"""What the bundle relies on in MaintainX's API, and what a newer document of the vendor would break.

`summary.json` beside this file is that reliance: names, types and flags of what is used, none of the vendor's text.
What is used is derived from the code (`uses`), the rest from the vendor's OpenAPI document (`summary`); `compare` tells
two summaries apart.
"""

from shared.maintainx.contract.diff import Change, compare
from shared.maintainx.contract.summary import Summary, dumps, load_document, loads, shipped, summarise

__all__ = ["Change", "Summary", "compare", "dumps", "load_document", "loads", "shipped", "summarise"]
