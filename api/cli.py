"""The command line: `fairwitness check | compare | thread | answers | fairness | models | demo`.

Exit codes: 0 the command ran, whatever it found; 2 the input cannot be used; 1 our own failure.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.answer_files import answers_summary, read_answers, read_marks
from api.database_cli import app as database_app
from api.encryption_cli import app as encryption_app
from api.environment import read_settings
from api.fairness_cli import app as fairness_app
from api.ledger_cli import app as ledger_app
from api.marked_answers import answers_beside
from api.models import open_models
from api.models_cli import app as models_app
from api.output import RESULT, write_check, write_comparison, write_thread
from api.progress import shown
from api.report_cli import app as report_app
from api.report_keys_cli import app as report_keys_app
from api.scorecard_cli import scorecard
from api.serve_cli import app as serve_app
from api.thread_files import read_sessions, thread_summary
from api.users_cli import app as users_app
from api.verify_cli import verify_file
from api.worker_cli import app as worker_app
from audit.check import check as run_check
from audit.check import compare as run_compare
from audit.errors import AuditError, InputError
from reports.terminal import comparison_summary, summary

app = typer.Typer(
    name="fairwitness",
    help="Evidence about interviews: is the recording genuine, live, and of the same person? "
    "It decides nothing about anyone; it shows what a human should look at.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(fairness_app, name="fairness")
app.add_typer(models_app, name="models")
app.add_typer(ledger_app, name="ledger")
app.add_typer(report_keys_app, name="keys")
app.add_typer(report_app, name="report")
app.command("verify")(verify_file)
app.command("scorecard")(scorecard)
app.add_typer(database_app, name="database")
app.add_typer(encryption_app, name="encryption")
app.add_typer(users_app, name="users")
app.add_typer(serve_app)
app.add_typer(worker_app)

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the report; made if missing.")]


@app.command()
def check(
    video: Annotated[Path, typer.Argument(help="Video, audio, image, or a folder of images.")],
    out: Out,
    reference: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference",
            "-r",
            help="An earlier recording or photo of the claimed person; may be repeated.",
        ),
    ] = None,
    signal: Annotated[
        list[str] | None,
        typer.Option(
            "--signal",
            help="A signal that is off by default, such as assisted_answering; may be repeated. "
            "Read its page first: it may not be fit for your purpose.",
        ),
    ] = None,
    marks: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns question, start_s, end_s: who answered which question."
        ),
    ] = None,
) -> None:
    """Check one interview; write its figures and a signed report as a page, PDF and JSON."""
    references = reference or []
    for path in (video, *references, *([marks] if marks else [])):
        _must_exist(path)
    marked = read_marks(marks) if marks else ()
    settings = read_settings()
    turned_on = tuple(dict.fromkeys((*settings.optional_signals, *(signal or ()))))
    settings = settings.model_copy(update={"optional_signals": turned_on})
    models = open_models(settings)
    with shown() as progress, naming(video):
        result = run_check(video, settings, models, references=references, progress=progress)
    found = answers_beside(result, marked, identity=True, threads=settings.threads)
    page = write_check(result, video, settings, out, answers=found)
    console = Console()
    console.print(summary(result))
    if found is not None:
        said = found.reason.text if found.reason else found.text
        console.print(said, markup=False)
    console.print(f"Report: [bold]{page}[/bold], signed; as PDF and JSON beside it")
    console.print(f"Figures for programs: {page.with_name(RESULT)}")
    if result.failed:
        names = ", ".join(result.failed)
        raise AuditError(f"The report is incomplete: these signals failed: {names}.")


@app.command()
def compare(
    recordings: Annotated[
        list[Path], typer.Argument(help="Two or more recordings or photos, one per session.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the figures and the signed report."),
    ] = None,
) -> None:
    """Compare faces and voices between sessions, pair by pair."""
    if len(recordings) < 2:
        raise InputError("compare needs at least two recordings, for example: compare A.mp4 B.mp4")
    for path in recordings:
        _must_exist(path)
    settings = read_settings()
    models = open_models(settings)
    with shown() as progress:
        result = run_compare(
            recordings, settings, models, labels=_labels(recordings), progress=progress
        )
    console = Console()
    console.print(comparison_summary(result))
    if out is not None:
        console.print(f"Report: [bold]{write_comparison(result, settings, out)}[/bold]")


@app.command()
def thread(
    recordings: Annotated[
        list[Path], typer.Argument(help="Two or more recordings of one candidate, oldest first.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the figures and the signed report."),
    ] = None,
) -> None:
    """Say whether one person sits in all sessions, by face and by voice, and where it changes."""
    if len(recordings) < 2:
        raise InputError("thread needs at least two recordings, for example: thread A.mp4 B.mp4")
    for path in recordings:
        _must_exist(path)
    settings = read_settings()
    models = open_models(settings)
    with shown() as progress:
        found = read_sessions(
            recordings, settings, models, labels=_labels(recordings), progress=progress
        )
    console = Console()
    console.print(thread_summary(found))
    if out is not None:
        console.print(f"Report: [bold]{write_thread(found, settings, out)}[/bold]")


@app.command()
def answers(
    video: Annotated[Path, typer.Argument(help="Video or audio of one interview.")],
    marks: Annotated[Path, typer.Argument(help="CSV with the columns question, start_s, end_s.")],
    reference: Annotated[
        list[Path] | None,
        typer.Option("--reference", "-r", help="An earlier recording; may be repeated."),
    ] = None,
) -> None:
    """Say who answered which question: by face, by voice, and how much another voice speaks."""
    references = reference or []
    for path in (video, marks, *references):
        _must_exist(path)
    marked = read_marks(marks)
    settings = read_settings()
    models = open_models(settings)
    with shown() as progress, naming(video):
        found = read_answers(
            video, marked, settings, models, references=references, progress=progress
        )
    Console().print(answers_summary(marked, found))


@app.command()
def demo(
    out: Out = Path("demo-out"),
    seed: Annotated[int, typer.Option(help="Seed of the self-made material.")] = 20261122,
    serve: Annotated[
        bool | None,
        typer.Option(
            "--serve/--no-serve",
            help="Serve the pages at the end; left out: where it runs in a terminal.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the pages.", min=1, max=65535)] = 8000,
) -> None:
    """Check three self-made interviews, audit a self-made hiring process, and serve the pages."""
    from api import demonstrating  # seconds of imports that a check has no use for

    shows = sys.stdout.isatty() if serve is None else serve
    demonstrating.run(read_settings(), out, seed=seed, port=port if shows else None)


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder.")


def _labels(paths: Sequence[Path]) -> tuple[str, ...]:
    """File names, numbered where two are the same."""
    names = [p.name for p in paths]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(names, 1)
    )


@contextlib.contextmanager
def naming(recording: Path) -> Iterator[None]:
    """Puts the recording's name before errors that do not say which input they mean."""
    try:
        yield
    except InputError as error:
        if str(error).startswith("reference "):
            raise
        raise type(error)(f"{recording.name}: {error}") from error


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Turns failures into one line on standard error and the exit code that the README states."""
    try:
        yield
    except InputError as error:
        _say(f"Cannot use the input. {error}")
        sys.exit(2)
    except AuditError as error:
        _say(f"Failed ({error.code}). {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the command line is one of the three outer edges
        _say(f"Failed through a fault of ours: {type(error).__name__}: {error}")
        sys.exit(1)


def _say(text: str) -> None:
    Console(stderr=True).print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Entry point of the `fairwitness` command."""
    with exit_codes():
        app()
