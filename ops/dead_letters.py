"""`ops dead-letters`: what is stuck, why, sending it on its way again or throwing it away. Speaks to Pub/Sub."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from ops.environment import require_project
from ops.exits import OK, UNREACHABLE, WRONG, one_line_errors
from ops.output import AsJson, complain, note, print_json, print_table, say
from shared.dead_letters.letter import DeadLetterFilter, ReplayReport
from shared.dead_letters.queue import DeadLetters
from shared.errors import ConfigError, TransientError
from shared.pubsub.publisher import Publisher
from shared.topics import PIPELINES, Pipeline

app = typer.Typer(
    no_args_is_help=True,
    help="List, replay and discard dead letters.",
    rich_markup_mode="markdown",
)

Chosen = Annotated[
    list[str] | None,
    typer.Option("--pipeline", help=f"One of {', '.join(sorted(PIPELINES))}. May be repeated.", show_default=False),
]
Site = Annotated[str | None, typer.Option(help="Only of this site.", show_default=False)]
Type = Annotated[str | None, typer.Option("--type", help="Only of this event type.", show_default=False)]
EventId = Annotated[str | None, typer.Option(help="Only of this event.", show_default=False)]
Record = Annotated[str | None, typer.Option(help="Only about this record's MaintainX id.", show_default=False)]
ErrorClass = Annotated[str | None, typer.Option("--error", help="Only of this error class.", show_default=False)]
MessageId = Annotated[str | None, typer.Option(help="Only this message.", show_default=False)]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many of each pipeline.")]

_COLUMNS = ("pipeline", "dead_since", "site", "type", "resource_id", "error_class", "attempts", "replays", "event_id")


@app.command("list")
@one_line_errors
def list_letters(
    pipeline: Chosen = None,
    site: Site = None,
    type_: Type = None,
    event_id: EventId = None,
    record: Record = None,
    error_class: ErrorClass = None,
    message_id: MessageId = None,
    limit: Limit = 100,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if there are any: for scripts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show dead letters with the reason of their death; all stay where they are. Without --pipeline: of all pipelines.

    A pipeline without any takes a few seconds: Pub/Sub cannot say "empty" at once. Needs the role pubsub.subscriber on
    the dead-letter subscriptions.
    """
    wanted = DeadLetterFilter(site, type_, event_id, record, error_class, message_id)
    answers = _ask(chosen_pipelines(pipeline or sorted(PIPELINES)), wanted, limit, dry_run=True)
    letters = [letter for answer in answers if answer.report for letter in answer.report.letters]
    if as_json:
        print_json({"count": len(letters), "letters": letters, "errors": _errors(answers)})
    else:
        _show(letters, answers)
    _note_limit(answers, limit)
    raise typer.Exit(_exit(answers, found=bool(letters) and check))


@app.command()
@one_line_errors
def replay(
    pipeline: Chosen = None,
    all_pipelines: Annotated[bool, typer.Option("--all", help="Replay the dead letters of all pipelines.")] = False,
    site: Site = None,
    type_: Type = None,
    event_id: EventId = None,
    record: Record = None,
    error_class: ErrorClass = None,
    message_id: MessageId = None,
    limit: Limit = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be replayed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters to their topic again, for another full round of attempts. Mend the cause first.

    A message is published before its dead letter goes away, so that a crash in between can double it (consumers
    recognise that) but never lose it. What dies again meanwhile waits for the next replay. Needs, besides the role for
    listing, pubsub.publisher on the pipelines' topics.
    """
    if all_pipelines == bool(pipeline):
        raise ConfigError("say which dead letters: either --pipeline NAME or --all")
    wanted = DeadLetterFilter(site, type_, event_id, record, error_class, message_id)
    pipelines = chosen_pipelines(pipeline or sorted(PIPELINES))
    answers = _ask(pipelines, wanted, limit, dry_run=dry_run)
    reports = [asdict(answer.report) for answer in answers if answer.report]
    if as_json:
        print_json({"dry_run": dry_run, "pipelines": reports, "errors": _errors(answers)})
    else:
        for report in reports:
            does = f"would replay {report['matched']}" if dry_run else f"replayed {report['replayed']}"
            say(f"{report['pipeline']}: {does} of {report['seen']} seen")
        _show([letter for report in reports for letter in report["letters"]], answers)
    _note_limit(answers, limit)
    raise typer.Exit(_exit(answers, found=False))


@app.command()
@one_line_errors
def discard(
    pipeline: Annotated[str, typer.Option(help=f"One of {', '.join(sorted(PIPELINES))}.", show_default=False)],
    message_id: Annotated[str, typer.Option(help="As `list --json` shows it.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Take one dead letter away for good: for poison, which can never succeed. Prints what it was; keep that.

    Exits with 1 if there is no such letter.
    """
    from google.cloud.pubsub_v1 import SubscriberClient

    (chosen,) = chosen_pipelines([pipeline])
    require_project()
    subscriber = SubscriberClient()
    with subscriber:
        discarded = DeadLetters(subscriber, Publisher()).discard(chosen, message_id)
    if discarded is None:
        complain(f"{pipeline}: no dead letter {message_id}")
        raise typer.Exit(WRONG)
    if as_json:
        print_json({"discarded": discarded})
        return
    say(f"{pipeline}: discarded {message_id}, {discarded['payload_bytes']} bytes")
    for name, value in sorted(discarded["attributes"].items()):
        say(f"  {name}: {value}")
    say(discarded["payload"])


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one pipeline: a report, or why there is none."""

    pipeline: str
    report: ReplayReport | None
    error: str | None = None


def chosen_pipelines(names: Iterable[str]) -> list[Pipeline]:
    """The pipelines of these names, each once; ConfigError for a name that there is not."""
    names = dict.fromkeys(names)
    if unknown := [name for name in names if name not in PIPELINES]:
        raise ConfigError(f"no pipeline {', '.join(unknown)}; there are {', '.join(sorted(PIPELINES))}")
    return [PIPELINES[name] for name in names]


def _ask(pipelines: list[Pipeline], wanted: DeadLetterFilter, limit: int, *, dry_run: bool) -> list[_Answer]:
    """Each pipeline at the same time, since most of it is waiting; one that fails does not hide the others."""
    from google.cloud.pubsub_v1 import SubscriberClient  # 0.5 s that `--help` need not wait

    require_project()
    publisher = Publisher()
    subscriber = SubscriberClient()
    with subscriber, ThreadPoolExecutor(len(pipelines)) as threads:
        letters = DeadLetters(subscriber, publisher)
        return list(threads.map(_caught(lambda p: letters.replay(p, wanted, limit, dry_run=dry_run)), pipelines))


def _caught(call: Callable[[Pipeline], ReplayReport]) -> Callable[[Pipeline], _Answer]:
    def run(pipeline: Pipeline) -> _Answer:
        try:
            return _Answer(pipeline.name, call(pipeline))
        except TransientError as error:
            return _Answer(pipeline.name, None, f"{type(error).__name__}: {error}")

    return run


def _errors(answers: list[_Answer]) -> dict[str, str]:
    return {answer.pipeline: answer.error for answer in answers if answer.error}


def _show(letters: list[dict[str, Any]], answers: list[_Answer]) -> None:
    if not letters:
        if not _errors(answers):  # a pipeline that did not answer may have some
            say("no dead letters")
        return
    print_table(_COLUMNS, letters)
    say("")
    for message, count in _messages(letters).items():
        say(f"{count} x {message}")


def _messages(letters: list[dict[str, Any]]) -> dict[str, int]:
    """Each distinct error message with how often it is there, the commonest first."""
    counts: dict[str, int] = {}
    for letter in letters:
        text = f"{letter['error_class']}: {letter['error_message']}"
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _note_limit(answers: list[_Answer], limit: int) -> None:
    for answer in answers:
        if answer.report and answer.report.matched >= limit:
            note(f"{answer.pipeline}: stopped at --limit {limit}; there may be more")


def _exit(answers: list[_Answer], *, found: bool) -> int:
    for answer in answers:
        if answer.error:
            complain(f"{answer.pipeline}: {answer.error}")
    if any(answer.error for answer in answers):
        return UNREACHABLE
    return WRONG if found else OK
