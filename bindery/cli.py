"""The command line: everything that `bindery --help` lists. The only `trio.run` is here.

Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong usage.
"""

import gc
import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click
import structlog
import trio

from bindery import __version__
from bindery.runtime import log
from bindery.settings import Settings, SettingsError, load_settings
from bindery.store.errors import FolderLocked, NewerDatabase

T = TypeVar("T")

SWITCH_INTERVAL_S = 0.0005
"""Measured with two busy threads: a trivial request at p99 went from 157 ms to 15 ms."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bindery")
def main() -> None:
    """Bindery finds, downloads, verifies and shelves ebooks and audiobooks for a household."""


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


@main.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the database.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks one.")
def serve(data_dir: Path | None, host: str | None, port: int | None) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C).

    Everything else is set by environment variables or by bindery.toml in the data folder; see
    the documentation of the configuration.
    """
    # Most of the start is importing, a tenth of that was collecting what stays anyway; the
    # service turns the collector on once it has started.
    gc.disable()
    from bindery.service import run  # the web stack costs most of a second to import

    settings = _settings(data_dir=data_dir, host=host, port=port)
    _log_to(settings)
    sys.exit(_run(partial(run, settings)))


@main.command()
@click.option("--once", is_flag=True, help="End when the book is on the shelf.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="An empty folder to work in and to keep."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks one.")
def demo(once: bool, folder: Path | None, port: int) -> None:
    """Perform one whole wish against a bundled world on loopback, then stay up.

    Exit code 0 only if the book is on the shelf. Nothing outside the folder (a temporary one
    unless given) is touched, nothing outside this machine is asked.
    """
    from bindery.demo.command import demo as perform
    from bindery.demo.world import world_in_thread

    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise click.ClickException(f"{folder} is not empty")
    log.configure("console" if sys.stdout.isatty() else "json", "warning")
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="bindery-demo-")))
        world = stack.enter_context(world_in_thread()).world
        work = partial(
            perform, world, folder=folder.absolute(), port=port, once=once, say=click.echo
        )
        code = _run(work)
    sys.exit(code)


_data_dir = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of the database."
)


@main.command()
@_data_dir
@click.option("--label", default="", help="Becomes part of the file's name.")
def backup(data_dir: Path | None, label: str) -> None:
    """Copy the database into the folder `backups`, also while the service runs.

    The copy holds every secret of this installation; only its owner can read it.
    """
    from bindery.domain.backup_names import clean_label
    from bindery.store.offline import back_up

    settings = _settings(data_dir=data_dir)
    folder = settings.db_path.absolute().parent / "backups"
    with _clear_faults():
        click.echo(back_up(settings.db_path, folder, clean_label(label)))


@main.command()
@_data_dir
def doctor(data_dir: Path | None) -> None:
    """Check the database: damage, broken references, caches. Changes nothing.

    Exit code 0 when all is well, 1 when something was found.
    """
    from bindery.store.offline import examine

    settings = _settings(data_dir=data_dir)
    with _clear_faults():
        report = examine(settings.db_path)
    click.echo(f"schema {report.version} of {report.newest}")
    if report.version < report.newest:
        click.echo("not checked: the next start of the service upgrades the schema")
    click.echo(f"file steps not finished: {report.open_steps}")
    for finding in report.findings:
        click.echo(f"{finding.check}: {finding.count} ({', '.join(finding.examples)})")
    click.echo("damaged" if report.findings else "whole")
    sys.exit(1 if report.findings else 0)


@main.command("reset-password")
@_data_dir
@click.argument("user")
def reset_password(data_dir: Path | None, user: str) -> None:
    """Give an account a new password and sign it out everywhere. Stop the service first.

    The password is asked for, or read as the first line of standard input; never an argument,
    which other users of the machine could see.
    """
    from bindery.service.recovery import Refused
    from bindery.service.recovery import reset_password as reset

    settings = _settings(data_dir=data_dir)
    if sys.stdin.isatty():
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        _run(partial(reset, settings, user, password))
    except* Refused as group:
        raise click.ClickException(_first(group)) from group
    click.echo(f"{user} has a new password and is signed out everywhere")


@main.group()
def explain() -> None:
    """Show what the judgement makes of a name, and why: one JSON line in, one out.

    A line that is no question is answered by an object with `error`; the others go on.
    """


def _each_line(answer: Callable[[bytes], bytes]) -> None:
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.buffer.write(answer(line) + b"\n")
    sys.stdout.buffer.flush()


@explain.command("release")
def explain_release() -> None:
    """Read release names.

    Each line is {"title": ..., "book": {"title", "author", "series", "position", "year",
    "language", "format"}}; the book is optional, and so are its keys but the title.
    """
    from bindery.domain import explain as judgement

    _each_line(judgement.release)


@explain.command("file")
def explain_file() -> None:
    """Read paths of a library: {"path": ..., "tags": {...}, "book": {...}}."""
    from bindery.domain import explain as judgement

    _each_line(judgement.file)


@explain.command("name")
def explain_name() -> None:
    """Render naming templates: {"template": ..., "fields": {"Author": ..., "Title": ...}}."""
    from bindery.domain import explain as judgement

    _each_line(judgement.name)


@contextmanager
def _clear_faults() -> Generator[None]:
    """Expected faults become one line on standard error and exit code 1."""
    try:
        yield
    except (FolderLocked, NewerDatabase, OSError) as error:
        raise click.ClickException(str(error)) from error


def _settings(
    *, data_dir: Path | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    given = {
        "BINDERY_DATA_DIR": None if data_dir is None else str(data_dir),
        "BINDERY_HOST": host,
        "BINDERY_PORT": None if port is None else str(port),
    }
    environ = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    try:
        return load_settings(environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _log_to(settings: Settings) -> None:
    kind = settings.log_format
    if kind == "auto":
        kind = "console" if sys.stdout.isatty() else "json"
    log.configure(kind, settings.log_level)
    if settings.ignored:
        structlog.get_logger(__name__).warning("settings.ignored", variables=settings.ignored)


def _run(work: Callable[[], Awaitable[T]]) -> T:
    """The one place where the loop starts; faults of the start become one clear line."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        return trio.run(work, strict_exception_groups=True)
    except* (FolderLocked, NewerDatabase, OSError) as group:
        raise click.ClickException(_first(group)) from group


def _first(group: BaseExceptionGroup[Exception]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first)
