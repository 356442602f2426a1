"""`ops brake`: what the brake of a site holds back, and letting the sync go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.environment import DEFAULT_CONFIG, ConfigFolder, SiteArgument, require_project, use_config
from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, print_json, say
from shared.sync.brake import Brake

_SHOWN = 6


@one_line_errors
def brake(
    site: SiteArgument,
    release: Annotated[
        bool, typer.Option("--release", help="Let the comparisons of the next 24 hours go on, whatever is gone.")
    ] = False,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show what the nightly comparison holds back because the ERP shows far fewer records than it should.

    More than 10 records gone, and more than 2 % of all, is more than people delete: the ERP may show another tenant, or
    our user may have lost a right. Nothing is cancelled, unlinked or parked then. If the records really are gone,
    `--release` lets the next comparison do what the mapping's `on_erp_delete` says. Exits with 1 while something is
    held back.
    """
    from shared.bootstrap import state_store
    from shared.config.whole import get_config

    require_project()
    use_config(config)
    of_site = Brake(state_store(), get_config().site(site).id)
    held = of_site.release(datetime.now(UTC)) if release else of_site.held()
    if as_json:
        print_json({"site": site, "gone": held.gone, "of": held.of, "erp_ids": held.ids, "since": held.since or None})
    elif held.gone:
        say(f"{held.gone} of {held.of} records of {site} are gone from the ERP, held back since {held.since}:")
        say(f"  {', '.join(held.ids[:_SHOWN])}{' ...' if held.gone > _SHOWN else ''}")
    else:
        say(f"nothing is held back for {site}")
    if held.released_until and not as_json:
        say(f"released until {held.released_until}: the next comparison acts on what it finds gone")
    raise typer.Exit(WRONG if held.gone and not held.released_until else OK)
