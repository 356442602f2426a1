"""`python -m local`: the whole bundle on this machine, and a demonstration on it. This is what `make run` calls."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from local.demo.csv_history import BadRow, UnusableFile, read_history
from local.demo.history import PlannedWorkOrder, invent
from local.demo.memory import MemoryWatch
from local.demo.mishaps import Faults
from local.demo.run import Run, newest_moment
from local.environment import proxies_in
from local.maintainx.control_client import SimControl
from local.processes import StackFailed
from local.pubsub.delivery.oidc import TokenIssuer, key_from_file
from local.scheduler import Scheduler
from local.schedules import jobs
from local.stack import DEMO_CONFIG, PROJECT, ROOT, Stack, function_names, running_stack
from shared.config.loading import load_model
from shared.config.sites import SitesFile
from shared.errors import ConfigError

FOLDER = ROOT / ".local"
# MaintainX's limits are per 60 s; the demonstration presses weeks into seconds, so its windows are that much shorter.
_RATE_WINDOW_S = 1.0
_COUNT = 300

console = Console()


class Display:
    """Progress on the console; a run's `Progress`."""

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
        typer.Option(help="CSV of your own work orders: an SAP or MaintainX export."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, max=20_000, help="How many work orders; 300, or all of the file.")
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
        planned, bad_rows = _history(work_orders, count, seed, end)
        faults = Faults(erp_outage=_outage(outage), kill=[(0.5, name) for name in kill or []])
        good = _demonstrate(planned, bad_rows, end, faults, folder, keep=keep)
    except (ConfigError, StackFailed, UnusableFile) as error:
        console.print(Text(str(error), "red"))
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        console.print("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if good else 1)


def _demonstrate(
    planned: list[PlannedWorkOrder], bad_rows: list[BadRow], end: datetime, faults: Faults, folder: Path, *, keep: bool
) -> bool:
    begin = time.monotonic()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        display = Display(progress)
        display.phase("Starting Google's services, the simulators and the functions")
        with running_stack(folder.resolve(), rate_window_s=_RATE_WINDOW_S) as stack, MemoryWatch() as memory:
            started_s = time.monotonic() - begin
            display.note(f"{len(stack.processes)} processes started in {started_s:.1f} s")
            report = Run(stack, planned, bad_rows, end, faults, display).execute()
            report.seconds = {"start": round(started_s, 2), **report.seconds}
            report.seconds["all"] = round(time.monotonic() - begin, 2)
            report.peak_memory_mib = memory.peak_mib
            report.write(folder / "report.json")
            progress.stop()
            report.show(console)
            console.print(Text(f"report: {folder / 'report.json'}   logs: {folder / 'logs'}", "dim"))
            if keep:
                with contextlib.suppress(KeyboardInterrupt):
                    _wait(stack)
    return report.good


def _wait(stack: Stack) -> None:
    with SimControl(stack.url("maintainx")) as maintainx:
        maintainx.set_clock(datetime.now(UTC), running=True)
    Scheduler(PROJECT, TokenIssuer(key_from_file(stack.signing_key))).start(jobs(stack))
    console.print("\nEverything keeps running, the scheduled calls too; Ctrl-C stops it.", style="bold")
    for name in stack.processes:
        console.print(f"  {name:<16} {stack.url(name)}", highlight=False)
    console.print("\nFor the operator's verbs (.venv/bin/python -m ops ...) in another terminal:", style="bold")
    if proxies := proxies_in(stack.shell):
        console.print(f"  unset {' '.join(proxies)}", highlight=False, soft_wrap=True)
    for name, value in stack.operator_environment().items():
        console.print(f"  export {name}={shlex.quote(value)}", highlight=False, soft_wrap=True)
    while True:
        time.sleep(3600)


def _history(
    path: Path | None, count: int | None, seed: int, end: datetime
) -> tuple[list[PlannedWorkOrder], list[BadRow]]:
    sites = [site.id for site in load_model(DEMO_CONFIG / "sites.yaml", SitesFile).sites]
    if path is not None:
        return read_history(path, sites, seed=seed, end=end, limit=count)
    return invent(sites, count or _COUNT, seed=seed, end=end), []


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
