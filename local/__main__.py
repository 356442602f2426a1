"""`python -m local`: the whole bundle on this machine, and a demonstration on it. This is what `make run` calls."""

from __future__ import annotations

import contextlib
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from local.demo.history import PlannedWorkOrder, invent
from local.demo.memory import MemoryWatch
from local.demo.mishaps import Faults
from local.demo.own_history import OwnHistory, UnusableFile, read_history
from local.demo.playground import play, write_operator_environment
from local.demo.run import Run, newest_moment
from local.demo.summary import ASSET_KPIS, kpi_notes, show_summary
from local.processes import StackFailed
from local.stack import DEMO_CONFIG, ROOT, function_names, running_stack
from shared.config.loading import load_model
from shared.config.sites import SitesFile
from shared.errors import ConfigError

FOLDER = ROOT / ".local"
# MaintainX's limits are per 60 s; the demonstration presses weeks into seconds, so its windows are that much shorter.
_RATE_WINDOW_S = 1.0
_COUNT = 300

console = Console()


class _OfTotal(ProgressColumn):
    """Some other column, for phases whose length is known."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return "" if task.total is None else self._column(task)


def progress_columns() -> tuple[ProgressColumn, ...]:
    """What a line of the progress display has: how far a phase is and how long it still takes, if that is known."""
    return (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        _OfTotal(BarColumn(bar_width=10)),
        _OfTotal(MofNCompleteColumn()),
        TimeElapsedColumn(),
        _OfTotal(TimeRemainingColumn()),
    )


class Display:
    """Progress on the console, in 80 columns; a run's `Progress`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("Starting", total=None)

    def phase(self, text: str, total: int | None = None) -> None:
        """Begin a new line."""
        self._progress.update(self._task, total=1, completed=1)
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=total)

    def advance(self) -> None:
        """One step more."""
        self._progress.advance(self._task)

    def note(self, text: str) -> None:
        """A line above the progress bar."""
        self._progress.console.print(Text(f"  {text}", "dim"))


def main(
    work_orders: Annotated[
        Path | None,
        typer.Option(
            help="Your own work orders: a list exported from SAP, MaintainX or another, as .csv, .txt or .xlsx."
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, max=20_000, help="How many work orders; 300, or all of the file, else its newest."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same history.")] = 1,
    outage: Annotated[
        str, typer.Option(help="Part of the history in which the ERP is down: FROM:TO, 0 to 1, or none.")
    ] = "0.4:0.55",
    kill: Annotated[
        list[str] | None, typer.Option(help="Kill a function in the middle and start it again. May be repeated.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where logs, data and the report go; emptied first.")] = FOLDER,
    keep: Annotated[bool, typer.Option(help="Leave everything running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Run the whole bundle on this machine and show that nothing is lost or doubled.

    Exit code 0: so it is. 1: something was lost, doubled or wrongly answered. 2: the run itself could not be done.
    """
    unknown = sorted(set(kill or []) - set(function_names()))
    if unknown:
        raise typer.BadParameter(f"--kill: no function {', '.join(unknown)}; there are {', '.join(function_names())}")
    # SIGTERM must unwind as Ctrl-C does, so that the stack is stopped; and Ctrl-C even where a shell has it ignored, as
    # for what a script starts in the background.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        end = newest_moment(datetime.now(UTC))
        faults = Faults(erp_outage=_outage(outage), kill=[(0.5, name) for name in kill or []])
        planned, own = _history(work_orders, count, seed, end)
        show_summary(console, planned, own, work_orders.name if work_orders else "")
        good = _demonstrate(planned, own, end, faults, folder, keep=keep)
    except (ConfigError, StackFailed, UnusableFile) as error:
        console.print(Text(str(error), "red"))
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if good else 1)


def _demonstrate(
    planned: list[PlannedWorkOrder], own: OwnHistory | None, end: datetime, faults: Faults, folder: Path, *, keep: bool
) -> bool:
    begin = time.monotonic()
    with Progress(*progress_columns(), console=console, transient=True) as progress:
        display = Display(progress)
        display.phase("Starting the whole bundle here")
        with running_stack(folder.resolve(), rate_window_s=_RATE_WINDOW_S) as stack, MemoryWatch() as memory:
            started_s = time.monotonic() - begin
            display.note(f"{len(stack.processes)} processes started in {started_s:.1f} s")
            report = Run(stack, planned, own.skipped if own else [], end, faults, display).execute()
            if own is not None:
                report.kpi_notes, report.kpis_left_out = kpi_notes(planned, own), sorted(ASSET_KPIS)
                report.assumed = dict(own.assumed)
            report.seconds = {"start": round(started_s, 2), **report.seconds}
            report.seconds["all"] = round(time.monotonic() - begin, 2)
            report.peak_memory_mib = memory.peak_mib
            report.write(folder / "report.json")
            progress.stop()
            report.show(console)
            console.print(Text(f"report: {folder / 'report.json'}   logs: {folder / 'logs'}", "dim"), soft_wrap=True)
            if keep:
                write_operator_environment(stack)
                with contextlib.suppress(KeyboardInterrupt):
                    play(stack, console, lambda: report.show_verdict(console))
            else:
                report.show_verdict(console)
    return report.good


def _history(
    path: Path | None, count: int | None, seed: int, end: datetime
) -> tuple[list[PlannedWorkOrder], OwnHistory | None]:
    sites = {site.id: site.zone for site in load_model(DEMO_CONFIG / "sites.yaml", SitesFile).sites}
    if path is None:
        return invent(list(sites), count or _COUNT, seed=seed, end=end), None
    with console.status(Text(f"Reading {path.name}")):
        own = read_history(path, sites, seed=seed, end=end, limit=count)
    return own.planned, own


def _outage(text: str) -> tuple[float, float] | None:
    if text == "none":
        return None
    try:
        begin, end = (float(part) for part in text.split(":"))
    except ValueError:
        raise typer.BadParameter(f"--outage takes FROM:TO or none, not {text!r}") from None
    if not 0 <= begin < end <= 1:
        raise typer.BadParameter(f"--outage: 0 <= FROM < TO <= 1, not {text!r}")
    return begin, end


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(main)

if __name__ == "__main__":
    app(prog_name="python -m local")
